"""`--engine ray` on a local cluster of two: the same files and manifest as one process. Skipped only without Ray."""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Iterator
from dataclasses import dataclass
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


class OneProcess:
    """As much of Ray as is asked for, in this process: objects are pickled, tasks run when they are handed out, and one
    whose process dies is run again."""

    class exceptions:
        class RayError(Exception):
            """What Ray raises."""

    def __init__(self, deaths: dict[str, int] | None = None) -> None:
        self.deaths = deaths or {}
        self.calls: list[str] = []

    def is_initialized(self) -> bool:
        return True

    def cluster_resources(self) -> dict[str, float]:
        return {"CPU": 2.0}

    def put(self, value: Any) -> Any:
        return Reference(pickle.dumps(value))

    def get(self, ref: Any) -> Any:
        if ref.content is None:
            raise self.exceptions.RayError("the worker died")
        return pickle.loads(ref.content)

    def wait(self, refs: list[Any], num_returns: int) -> tuple[list[Any], list[Any]]:
        return refs[:num_returns], refs[num_returns:]

    def cancel(self, ref: Any) -> None:
        raise AssertionError("nothing is left at the end of a run")

    def remote(self, num_returns: int, max_retries: int) -> Any:
        def make(act: Any) -> Any:
            def call(*given: Any) -> Any:
                self.calls.append(act.__name__)
                if self.deaths.get(act.__name__, 0) > max_retries:
                    lost = [Reference(None) for _ in range(num_returns)]
                    return lost if num_returns > 1 else lost[0]
                values = [self.get(one) if isinstance(one, Reference) else one for one in given]
                out = act(*values)
                return [self.put(part) for part in out] if num_returns > 1 else self.put(out)

            return SimpleNamespace(remote=call)

        return make


@dataclass(frozen=True, eq=False)
class Reference:
    """To an object of the cluster."""

    content: bytes | None


def test_what_the_tasks_do_is_what_one_process_does(
    folders: SimpleNamespace, fakes: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo(folders.people / "nobody.png", (0, 0, 0))
    photo(folders.clothes / "white.png", (255, 255, 255))
    photo(folders.clothes / "pure red.png", (255, 0, 0))  # a defect of the method
    given = {"person": str(folders.people), "clothes": str(folders.clothes), "steps": True, "masks": True}
    one, many, cluster = tmp_path / "one", tmp_path / "many", OneProcess()
    alone = tryon(TryOnConfig(**given, out=str(one)))
    monkeypatch.setattr(on_ray, "import_ray", lambda: cluster)
    done = tryon(TryOnConfig(**given, out=str(many), engine="ray"))
    assert (done.ok, done.failed, done.defects) == (alone.ok, alone.failed, alone.defects) == (6, 9, 2)
    assert told(many) == told(one) and sorted(done.problems) == sorted(alone.problems)
    apart = ("manifest.jsonl", "index.html", "config.yaml", ".viton.jsonl")
    # Of two processes that are one the last ledger counts, which is neither's.
    seen = {name: data for name, data in files(many, *apart).items() if not name.startswith(".viton-")}
    assert seen == files(one, *apart)
    assert (cluster.calls.count("look"), cluster.calls.count("cut"), cluster.calls.count("dress")) == (3, 5, 10)
    assert tryon(TryOnConfig(**given, out=str(many), engine="ray")).skipped == 6


def test_a_task_that_is_given_up_fails_its_pairs_alone(
    folders: SimpleNamespace, fakes: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {"person": str(folders.people), "clothes": str(folders.clothes)}
    for task in ("look", "dress"):
        monkeypatch.setattr(on_ray, "import_ray", lambda task=task: OneProcess({task: on_ray.RETRIES + 1}))
        done = tryon(TryOnConfig(**given, out=str(folders.root / task), engine="ray"))
        assert (done.ok, done.failed) == (0, 6)
        assert all("given up after 4 attempts (the worker died)" in problem for problem in done.problems)


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


def test_masks_and_names_of_a_pairs_file(
    folders: SimpleNamespace, fakes: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo(folders.root / "mask.png", (255, 255, 255))
    pairs = folders.root / "pairs.csv"
    pairs.write_text("person,garment,mask,output\nanna,red,mask.png,named\nanna,green,,\n")
    given = {"person": str(folders.people), "clothes": str(folders.clothes), "pairing": str(pairs)}
    monkeypatch.setattr(on_ray, "import_ray", OneProcess)
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
