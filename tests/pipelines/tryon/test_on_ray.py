"""`--engine ray` on a local cluster of two: the same files and manifest as one process. Skipped only without Ray."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from stand_ins import photo

from viton_cli.config import TryOnConfig
from viton_cli.engines.progress import Progress
from viton_cli.errors import BadConfig, MissingExtra
from viton_cli.files import Manifest
from viton_cli.pipelines.tools import Tools
from viton_cli.pipelines.tryon import on_ray, tryon

TESTS = Path(__file__).parents[2]


def stand_in() -> None:
    """Each process of the cluster works with stand-ins; one kills the first process that dresses a garment `deadly`."""
    import stand_ins

    stand_ins.install_fakes(pytest.MonkeyPatch())
    dress = stand_ins.FakeMethod.dress
    counts = Path(os.environ["COUNTS"])

    def count(self: Any, person: Any, garment: Any, steps: bool = False) -> Any:
        marker = counts / "died"
        if garment.photo.id == "deadly" and not marker.exists():
            marker.touch()
            os._exit(1)
        return dress(self, person, garment, steps)

    def noted(name: str) -> Any:
        act = getattr(stand_ins.FakeMethod, name)

        def note(self: Any, record: Any) -> Any:
            with (counts / name).open("a") as stream:
                stream.write(f"{record.photo.id}\n")
            return act(self, record)

        return note

    stand_ins.FakeMethod.dress = count  # type: ignore[method-assign]
    stand_ins.FakeMethod.prepare_person = noted("prepare_person")  # type: ignore[method-assign]
    stand_ins.FakeMethod.prepare_garment = noted("prepare_garment")  # type: ignore[method-assign]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cluster of two workers on this machine; where they count what they do."""
    ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'viton-cli[ray]'")
    counts = tmp_path_factory.mktemp("counts")
    path = os.pathsep.join(map(str, (Path(__file__).parent, TESTS, TESTS.parent)))
    ray.init(
        num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR", _node_ip_address="127.0.0.1",
        object_store_memory=100_000_000,
        runtime_env={"env_vars": {"PYTHONPATH": path, "COUNTS": str(counts)}, "worker_process_setup_hook": stand_in},
    )  # fmt: skip
    yield counts
    ray.shutdown()


def told(folder: Path) -> list[dict[str, Any]]:
    entries = [{k: v for k, v in e.items() if k != "seconds"} for e in Manifest(folder / "manifest.jsonl").read()]
    return sorted(entries, key=json.dumps)


def files(folder: Path, *without: str) -> dict[str, bytes]:
    found = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file() and p.name not in without}
    return {name: path.read_bytes() for name, path in found.items()}


def test_the_same_files_and_manifest_as_one_process(
    folders: SimpleNamespace, fakes: SimpleNamespace, cluster: Path, tmp_path: Path
) -> None:
    """Whoever dies on the way; each person and each garment is prepared once."""
    photo(folders.people / "nobody.png", (0, 0, 0))
    photo(folders.clothes / "white.png", (255, 255, 255))
    photo(folders.clothes / "deadly.png", (66, 1, 2))
    photo(folders.clothes / "pure red.png", (255, 0, 0))  # a defect of the method
    given = {"person": str(folders.people), "clothes": str(folders.clothes), "steps": True, "masks": True}
    one, many = tmp_path / "one", tmp_path / "many"
    alone = tryon(TryOnConfig(**given, out=str(one)))
    said: list[str] = []

    class Said(Progress):
        def problem(self, text: str) -> None:
            said.append(text)

    done = tryon(TryOnConfig(**given, out=str(many), engine="ray"), Said())
    assert (done.ok, done.failed, done.defects) == (alone.ok, alone.failed, alone.defects) == (8, 10, 2)
    assert sorted(done.problems) == sorted(alone.problems) == sorted(said)
    assert told(many) == told(one)
    apart = ("manifest.jsonl", "index.html", "config.yaml", ".viton.jsonl")
    assert files(many, *apart) == files(one, *apart) and len(list(many.glob("**/*__*.png"))) == 16
    assert not list(many.glob(".viton-*")) and (cluster / "died").exists()
    people, garments = ((cluster / name).read_text().splitlines() for name in ("prepare_person", "prepare_garment"))
    assert sorted(people) == ["anna", "sub dir/bert ü"]
    assert sorted(garments) == ["deadly", "green", "pure red", "red", "tops/blue"]
    again = tryon(TryOnConfig(**given, out=str(many), engine="ray"))
    assert (again.ok, again.skipped) == (0, 8)


def test_masks_and_names_of_a_pairs_file(folders: SimpleNamespace, fakes: SimpleNamespace, cluster: Path) -> None:
    photo(folders.root / "mask.png", (255, 255, 255))
    pairs = folders.root / "pairs.csv"
    pairs.write_text("person,garment,mask,output\nanna,red,mask.png,named\nanna,green,,\n")
    given = {"person": str(folders.people), "clothes": str(folders.clothes), "pairing": str(pairs)}
    for engine in ("local", "ray"):
        assert tryon(TryOnConfig(**given, out=str(folders.root / engine), engine=engine)).ok == 2
    assert told(folders.root / "ray") == told(folders.root / "local")
    assert (folders.root / "ray" / "named.png").read_bytes() == (folders.root / "local" / "named.png").read_bytes()


def test_what_ray_cannot_do(folders: SimpleNamespace, fakes: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"person": str(folders.people), "clothes": str(folders.clothes), "out": str(folders.out), "engine": "ray"}
    config = TryOnConfig(**given)

    def missing() -> None:
        raise ImportError

    with pytest.raises(BadConfig, match="engine ray makes"):
        tryon(config, tools=Tools(config))
    with pytest.raises(BadConfig, match="not on addresses"):
        tryon(TryOnConfig(**{**given, "out": "memory://ray/out"}))
    monkeypatch.setattr(on_ray, "import_ray", missing)
    with pytest.raises(MissingExtra, match=r"pip install 'viton-cli\[ray\]'"):
        tryon(config)
    assert not folders.out.exists()
