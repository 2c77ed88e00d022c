"""People and garments found are remembered from run to run, by all that they depend on."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from stand_ins import FakeFinder, fake_cut
from torch import nn
from torch.nn.modules.module import register_module_forward_hook

from viton_cli.config import PrepareConfig, TryOnConfig
from viton_cli.errors import BadConfig
from viton_cli.files import read_photo
from viton_cli.files.cache import FORMAT
from viton_cli.perception.builtin.network import PerceptionNet
from viton_cli.perception.garments.segmenter import GarmentSegmenter
from viton_cli.pipelines import tools
from viton_cli.pipelines.prepare import prepare
from viton_cli.pipelines.tools import Tools
from viton_cli.pipelines.tryon import tryon
from viton_cli.records import Garment, Photo

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def counted(folders: SimpleNamespace, fakes: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The garments that were cut. (No two photos are alike: what is alike is looked at once.)"""
    folders.photo(folders.people / "anna.png", (120, 90, 60))
    cut: list[str] = []

    def cutter(settings: Any) -> Any:
        def count(photo: Photo, mask: Any) -> Garment:
            cut.append(photo.id)
            return fake_cut(photo, mask)

        return count

    monkeypatch.setattr(tools, "make_cutter", cutter)
    return cut


def settings(folders: SimpleNamespace, out: str = "out", **more: Any) -> TryOnConfig:
    cache = more.pop("cache", folders.root / "cache")
    given = {"person": str(folders.people), "clothes": str(folders.clothes), "out": str(folders.root / out)}
    return TryOnConfig(**given, cache=cache, **more)


def test_one_new_garment_is_one_garments_and_n_pairs_work(
    folders: SimpleNamespace, fakes: SimpleNamespace, counted: list[str]
) -> None:
    first = tryon(settings(folders))
    assert (len(FakeFinder.found), len(counted), first.ok) == (2, 3, 6)
    folders.photo(folders.clothes / "new.png", (1, 2, 3))
    again = tryon(settings(folders))
    assert (again.ok, again.skipped) == (2, 6)
    assert (FakeFinder.found[2:], counted[3:], fakes.method.pairs[6:]) == (
        [], ["new"], [("anna", "new"), ("sub dir/bert ü", "new")],
    )  # fmt: skip
    tryon(settings(folders, "other"))
    assert len(FakeFinder.found) == 2 and len(counted) == 4
    pictures = [{p.name: p.read_bytes() for p in (folders.root / out).rglob("*__*.png")} for out in ("out", "other")]
    assert pictures[0] == pictures[1] and len(pictures[0]) == 8


def test_off_unless_asked_for(folders: SimpleNamespace, counted: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(folders.root / "user"))
    tryon(settings(folders, cache=None))
    tryon(settings(folders, "other", cache=None))
    assert len(FakeFinder.found) == 4 and len(counted) == 6 and not (folders.root / "user").exists()


def test_whatever_decides_what_is_found_is_in_the_key(
    folders: SimpleNamespace, counted: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    masks = folders.root / "masks"
    for name in ("red", "green", "tops/blue"):
        folders.photo(masks / f"{name}.png", (255, 255, 255))
    tryon(settings(folders))
    changes: list[tuple[dict[str, Any], int, int]] = [
        ({"clothes_mask": str(masks)}, 0, 3),
        ({"warp": "parts"}, 0, 0),  # of the method, not of perception
        ({"kind": "top"}, 0, 0),
        ({"pose": "openpose", "pose_source": masks}, 2, 3),
    ]
    for number, (more, people, garments) in enumerate(changes):
        before = len(FakeFinder.found), len(counted)
        tryon(settings(folders, f"out{number}", **more))
        assert (len(FakeFinder.found) - before[0], len(counted) - before[1]) == (people, garments), more
    folders.photo(folders.people / "anna.png", (1, 2, 30))  # another photo of the same name
    before = len(FakeFinder.found)
    tryon(settings(folders, "out9"))
    assert FakeFinder.found[before:] == ["anna"]


def test_prepare_remembers_too(folders: SimpleNamespace, counted: list[str]) -> None:
    given = {"person": str(folders.people), "clothes": str(folders.clothes), "cache": folders.root / "cache"}
    prepare(PrepareConfig(**given, out=folders.root / "a"))
    assert len(FakeFinder.found) == 2 and len(counted) == 3
    tryon(settings(folders))
    done = prepare(PrepareConfig(**given, out=folders.root / "b", height=96))
    assert done.ok == 5 and len(FakeFinder.found) == 2 and len(counted) == 3


def test_a_torn_entry_is_made_again(folders: SimpleNamespace, counted: list[str]) -> None:
    tryon(settings(folders))
    entries = list((folders.root / "cache").rglob("*.npz"))
    assert len(entries) == 5
    for entry in entries:
        entry.write_bytes(entry.read_bytes()[:-40])
    tryon(settings(folders, "other"))
    assert len(FakeFinder.found) == 4 and len(counted) == 6
    tryon(settings(folders, "third"))
    assert len(FakeFinder.found) == 4 and len(counted) == 6


def test_a_cache_that_cannot_be_written_costs_no_pair(
    folders: SimpleNamespace, counted: list[str], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("viton_cli.files.cache.Cache.put", full)
    done = tryon(settings(folders))
    assert done.ok == 6 and [record.message for record in caplog.records if "cache" in record.message] == [
        f"{folders.root / 'cache' / FORMAT}: cannot be written (No space left on device): the run goes on without it"
    ]


def test_a_cache_in_the_output_is_refused(folders: SimpleNamespace, fakes: SimpleNamespace) -> None:
    for inside in ("out", "out/cache"):
        with pytest.raises(BadConfig, match="lies in --out"):
            tryon(settings(folders, cache=folders.root / inside))
    assert not folders.out.exists()


def test_what_is_remembered_is_what_was_found(tmp_path: Path) -> None:
    """With the networks: equal to the last bit, and none of them looks again."""
    config = TryOnConfig(person="p", clothes="c", out=str(tmp_path / "out"), cache=tmp_path / "cache")
    person = read_photo(sorted((EXAMPLES / "people").iterdir())[0], most=300_000)
    product = read_photo(sorted((EXAMPLES / "clothes").iterdir())[0], most=300_000)
    first = Tools(config)
    found, cut = first.finder.find(person), first.cutter(product, None)
    looked: list[str] = []

    def note(net: nn.Module, *_: Any) -> None:
        if isinstance(net, (PerceptionNet, GarmentSegmenter)):
            looked.append(type(net).__name__)

    handle = register_module_forward_hook(note)
    try:
        second = Tools(config)
        (again,), cut_again = second.finder.find_all([person]), second.cutter(product, None)
        assert looked == [] and Tools(config.model_copy(update={"cache": None})).finder.find(person) and looked
    finally:
        handle.remove()
    assert again is not found and again.photo is person
    for one, other in ((found.pose, again.pose), (found.parsing, again.parsing), (cut, cut_again), (found, again)):
        for name in (field.name for field in fields(one) if field.name not in ("photo", "pose", "parsing")):
            before, after = getattr(one, name), getattr(other, name)
            same = np.array_equal(before, after) if isinstance(before, np.ndarray) else before == after
            assert same and type(before) is type(after), name
