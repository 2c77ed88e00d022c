"""Where the networks compute: no card is needed to see that all of a network goes there and all it says comes back."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import NamedTuple

import pytest
import torch
from torch import Tensor, nn

from viton_cli import TryOn
from viton_cli.checkpoints import load_network, resolve
from viton_cli.config import DECISIVE, EvaluateConfig, MethodConfig, PrepareConfig, TryOnConfig
from viton_cli.core.representation import CHANNELS
from viton_cli.devices import check_device, moved, placed, placed_on, use_device, used_device
from viton_cli.errors import BadConfig
from viton_cli.methods.networks import load_composer, load_generator
from viton_cli.perception.builtin.network import PerceptionNet
from viton_cli.perception.garments.segmenter import GarmentSegmenter


class Said(NamedTuple):
    one: Tensor
    two: Tensor | None


@dataclass(frozen=True)
class Record:
    tensor: Tensor
    name: str
    none: None = None


class Net(nn.Module):
    """Says where it computed."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(2))
        self.seen: list[str] = []

    def forward(self, x: Tensor, more: Tensor) -> Record:
        self.seen = [part.device.type for part in (x, more, self.weight)]
        return Record(x, "said")


def test_everything_a_network_takes_is_brought_to_it() -> None:
    net = placed_on(Net(), "meta")
    with pytest.raises(NotImplementedError, match="meta"):  # numbers that are not there cannot be brought back
        net(torch.zeros(2), more=torch.zeros(2))
    assert net.seen == ["meta", "meta", "meta"]


def test_everything_a_network_gives_lies_on_the_cpu() -> None:
    net = placed_on(Net(), "cpu")
    out = net(torch.ones(2), more=torch.zeros(2))
    assert out.tensor.device.type == "cpu" and out.name == "said" and out.tensor.equal(torch.ones(2))


def test_tensors_are_found_wherever_they_are() -> None:
    here = {"a": [torch.zeros(1), (torch.zeros(1), "b")], "said": Said(torch.zeros(1), None), "n": 3}
    here["record"] = Record(torch.zeros(1), "c")
    there = moved(here, "meta")
    assert there["a"][0].is_meta and there["a"][1][0].is_meta and there["a"][1][1] == "b" and there["n"] == 3
    assert there["said"].one.is_meta and there["said"].two is None and there["record"].tensor.is_meta


def generator() -> tuple[nn.Module, tuple[Tensor, ...]]:
    given = torch.zeros(2, CHANNELS, 256, 192), torch.zeros(2, 3, 256, 192)
    return load_generator(resolve("stage1"))[0], (*given, torch.zeros(2, 18, 2), torch.ones(2, 18, dtype=torch.bool))


def composer() -> tuple[nn.Module, tuple[Tensor, ...]]:
    return load_composer(resolve("stage2"))[0], (torch.zeros(1, 3, 64, 64), torch.zeros(1, 3, 64, 64))


def perception() -> tuple[nn.Module, tuple[Tensor, ...]]:
    net, _ = load_network(resolve("perception"), "perception", lambda meta: PerceptionNet(int(meta["width"])))
    return net, (torch.zeros(1, 3, 64, 64),)


def segmenter() -> tuple[nn.Module, tuple[Tensor, ...]]:
    return GarmentSegmenter().eval(), (torch.zeros(1, 3, 64, 64),)


@pytest.mark.parametrize("make", [generator, composer, perception, segmenter])
@torch.inference_mode()
def test_no_network_makes_a_tensor_on_another_device(make: object) -> None:
    """A tensor that a network made on the CPU would not go together with those on the device."""
    net, given = make()  # type: ignore[operator]
    out = net.to("meta")(*moved(given, "meta"))
    parts = out if isinstance(out, tuple) else [out] if isinstance(out, Tensor) else vars(out).values()
    assert all(part is None or part.is_meta for part in parts)


def test_a_missing_device_is_refused(folders: SimpleNamespace, fakes: SimpleNamespace) -> None:
    for name, there in {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}.items():
        if there:
            check_device(name)
            continue
        with pytest.raises(BadConfig, match=f"--device {name}: PyTorch finds no such device here"):
            TryOn(device=name).load()  # type: ignore[arg-type]
    use_device("auto")
    assert used_device() == ("cuda:0" if torch.cuda.is_available() else "cpu")


def test_on_the_cpu_a_network_is_left_alone() -> None:
    net = Net()
    use_device("cpu")
    assert placed(net) is net and not net._forward_hooks and not net._forward_pre_hooks


def test_the_device_is_no_setting_of_a_result() -> None:
    assert "device" not in DECISIVE and set(DECISIVE) == set(MethodConfig.model_fields) - {"device"}
    assert all(model.model_fields["device"].default == "auto" for model in (TryOnConfig, PrepareConfig, EvaluateConfig))
