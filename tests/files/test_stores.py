"""Folders in stores: what is needed is fetched, what is written arrives, and a killed run is carried on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import fsspec
import pytest
from PIL import Image
from stand_ins import photo

from viton_cli.config import PrepareConfig, TryOnConfig, load, store_of
from viton_cli.engines.progress import Progress
from viton_cli.errors import BadConfig, MissingExtra, NothingUsable
from viton_cli.files import Manifest
from viton_cli.files.stores import Store
from viton_cli.pipelines.prepare import prepare
from viton_cli.pipelines.tryon import tryon

Memory = Any


@pytest.fixture
def store(folders: SimpleNamespace, fakes: SimpleNamespace) -> Iterator[Memory]:
    """The people and garments of `folders`, in a store in memory."""
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    for folder in (folders.people, folders.clothes):
        for path in (path for path in folder.rglob("*") if path.is_file()):
            memory.pipe_file(f"/shop/{folder.name}/{path.relative_to(folder).as_posix()}", path.read_bytes())
    yield memory
    memory.store.clear()


def settings(**more: Any) -> TryOnConfig:
    given = {"person": "memory://shop/people", "clothes": "memory://shop/clothes", "out": "memory://shop/out"}
    return TryOnConfig(**{**given, **more})


def there(memory: Memory, folder: str = "/shop/out") -> dict[str, bytes]:
    return {name.removeprefix(f"{folder}/"): memory.cat_file(name) for name in memory.find(folder)}


def pictures(found: dict[str, bytes]) -> dict[str, bytes]:
    return {name: data for name, data in found.items() if "__" in name and name.endswith((".png", ".jpg"))}


def lines(content: bytes) -> list[dict[str, Any]]:
    entries = [json.loads(line) for line in content.splitlines()]
    return sorted(({k: v for k, v in e.items() if k not in ("seconds", "photo")} for e in entries), key=json.dumps)


def test_from_store_to_store_is_as_from_folder_to_folder(folders: SimpleNamespace, store: Memory) -> None:
    tryon(TryOnConfig(person=str(folders.people), clothes=str(folders.clothes), out=str(folders.out), masks=True))
    done = tryon(settings(masks=True))
    here = {p.relative_to(folders.out).as_posix(): p.read_bytes() for p in folders.out.rglob("*") if p.is_file()}
    found = there(store)
    assert (done.ok, done.out) == (6, "memory://shop/out")
    assert pictures(found) == pictures(here) and len(pictures(found)) == 18 and found["sheet.jpg"] == here["sheet.jpg"]
    assert set(found) == set(here) and lines(found["manifest.jsonl"]) == lines(here["manifest.jsonl"])
    assert json.loads(found["manifest.jsonl"].splitlines()[0])["photo"] == "memory://shop/people/anna.png"
    assert not [name for name in ("manifest.jsonl", "config.yaml", "index.html") if b"/tmp" in found[name]]
    assert b"memory://shop/people" in found["config.yaml"]


def test_a_second_run_carries_on(folders: SimpleNamespace, store: Memory, fakes: SimpleNamespace) -> None:
    tryon(settings())
    assert (tryon(settings()).skipped, len(fakes.method.pairs)) == (6, 6)
    store.pipe_file("/shop/clothes/new.png", photo(folders.root / "new.png", (1, 2, 3)).read_bytes())
    store.rm_file("/shop/out/anna__red.png")
    done = tryon(settings())
    assert (done.ok, done.skipped) == (3, 5) and len(pictures(there(store))) == 16
    assert store.cat_file("/shop/out/index.html").count(b"anna__new") > 0
    again = tryon(settings(overwrite=True))
    assert again.ok == 8 and not again.failed


def test_only_what_a_share_needs_is_fetched(store: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    fetched: list[str] = []
    get = Store.get

    def count(self: Store, name: str, path: Path) -> None:
        fetched.append(name)
        get(self, name, path)

    monkeypatch.setattr(Store, "get", count)
    tryon(settings(limit=2))
    assert sorted(name for name in fetched if name.endswith(".png")) == ["anna.png", "green.png", "red.png"]


def test_shards_of_a_store_are_one_run(store: Memory) -> None:
    tryon(settings(out="memory://shop/one"))
    for number in (2, 3, 1):
        tryon(settings(shard=f"{number}/3"))
    one, three = there(store, "/shop/one"), there(store)
    assert pictures(three) == pictures(one) and lines(three["manifest.jsonl"]) == lines(one["manifest.jsonl"])
    assert [name for name in three if name.startswith("manifest")] == ["manifest.jsonl"]
    assert three["sheet.jpg"] == one["sheet.jpg"] and three["index.html"].count(b"anna__red") > 0


def test_a_killed_run_is_carried_on(store: Memory, fakes: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was written so far arrived in an order that a later run understands."""
    dress, put = fakes.method.dress, Store.put
    order: list[str] = []

    def die(self: Any, *given: Any) -> Any:
        if len(fakes.method.pairs) == 4:
            raise KeyboardInterrupt
        return dress(self, *given)

    def note(self: Store, path: Path, name: str) -> None:
        order.append(name)
        put(self, path, name)

    monkeypatch.setattr(fakes.method, "dress", die)
    monkeypatch.setattr(Store, "put", note)
    with pytest.raises(KeyboardInterrupt):
        tryon(settings())
    last = {name: at for at, name in enumerate(order)}
    results = [last[name] for name in last if "__" in name]
    assert order.index(".viton.jsonl") < min(results) and last["manifest.jsonl"] > max(results)
    monkeypatch.setattr(fakes.method, "dress", dress)
    done = tryon(settings())
    assert (done.ok, done.skipped, done.failed) == (2, 4, 0)


def test_prepare_and_masks_and_pairs(folders: SimpleNamespace, store: Memory) -> None:
    white = photo(folders.root / "white.png", (255, 255, 255)).read_bytes()
    for name in ("red", "green", "tops/blue"):
        store.pipe_file(f"/shop/masks/{name}.png", white)
    store.pipe_file("/shop/pairs.csv", b"person,garment\nanna,red\n")
    given = {"person": "memory://shop/people", "clothes": "memory://shop/clothes"}
    config = load(PrepareConfig, flags={
        **given, "pairs": "memory://shop/pairs.csv", "clothes_mask": "memory://shop/masks", "out": "memory://shop/data",
        "test_share": 0,
    })  # fmt: skip
    done = prepare(config)
    found = there(store, "/shop/data")
    assert done.ok == 5 and found["train_pairs.txt"] == b"anna\tred\n" and "cloth-mask/red.png" in found
    assert {e["source"] for e in lines(found["manifest.jsonl"])} >= {"memory://shop/people/anna.png"}
    assert prepare(config).skipped == 5
    assert tryon(settings(pairing="memory://shop/pairs.csv", clothes_mask="memory://shop/masks")).ok == 1


def test_one_file_of_a_store(store: Memory, folders: SimpleNamespace) -> None:
    out = folders.root / "one.png"
    done = tryon(
        settings(person="memory://shop/people/anna.png", clothes="memory://shop/clothes/red.png", out=str(out))
    )
    assert done.ok == 1 and Image.open(out).size == (48, 64)


def test_errors_name_the_address(store: Memory, folders: SimpleNamespace) -> None:
    said: list[str] = []

    class Said(Progress):
        def problem(self, text: str) -> None:
            said.append(text)

    black = photo(folders.root / "black.png", (0, 0, 0)).read_bytes()
    store.pipe_file("/shop/people/anna.png", black)
    done = tryon(settings(), Said())
    assert done.failed == 3 and done.problems == said == ["memory://shop/people/anna.png: no person found"]
    failed = [entry for entry in lines(there(store)["manifest.jsonl"]) if entry["status"] == "failed"]
    assert {entry["cause"] for entry in failed} == set(said)
    with pytest.raises(NothingUsable, match=r"^memory://shop/nowhere: no pictures"):
        tryon(settings(person="memory://shop/nowhere"))
    with pytest.raises(BadConfig, match=r"^memory://shop/no.csv: no such file"):
        tryon(settings(pairing="memory://shop/no.csv"))


def test_what_is_not_ours_stays(store: Memory) -> None:
    store.pipe_file("/shop/out/notes.txt", b"mine")
    with pytest.raises(BadConfig, match=r"^memory://shop/out: holds files but no manifest of viton"):
        tryon(settings())
    store.pipe_file("/shop/out/anna__red.png", b"mine")
    done = tryon(settings(force=True))
    assert done.failed == 1 and store.cat_file("/shop/out/anna__red.png") == b"mine"


@pytest.mark.parametrize("out", ["memory://shop/people", "memory://shop/people/out", "memory://shop"])
def test_no_output_is_an_input(store: Memory, out: str) -> None:
    before = there(store, "/shop")
    with pytest.raises(BadConfig, match="is also read"):
        tryon(settings(out=out))
    assert there(store, "/shop") == before


def test_what_cannot_be_had(store: Memory) -> None:
    with pytest.raises(BadConfig, match="--watch follows folders of this machine"):
        tryon(settings(watch=True))
    with pytest.raises(BadConfig, match="nosuch://a/b"):
        tryon(settings(person="nosuch://a/b"))
    with pytest.raises(BadConfig, match="an address"):
        load(TryOnConfig, flags={"person": "https://a/b", "clothes": "c", "out": "o"})
    with pytest.raises(BadConfig, match="an address"):
        load(TryOnConfig, flags={"person": "a", "clothes": "c", "out": "o", "weights": "s3://a/b"})


def test_a_library_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(url: str) -> None:
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr(fsspec.core, "url_to_fs", missing)
    with pytest.raises(MissingExtra, match=r"pip install 'viton-cli\[cloud\]'"):
        Store("s3://shop")


@pytest.mark.parametrize(
    ("value", "meant"),
    [("s3://a/b/", "s3://a/b"), (Path("gs://a/b"), "gs://a/b"), ("memory://a", "memory://a"), ("C:/a", None),
     ("https://a/b", None), ("people", None), ("/a/b", None), (None, None)],
)  # fmt: skip
def test_addresses(value: object, meant: str | None) -> None:
    assert store_of(value) == meant


def test_a_manifest_of_a_store_reads_as_any(store: Memory, tmp_path: Path) -> None:
    tryon(settings())
    (tmp_path / "manifest.jsonl").write_bytes(store.cat_file("/shop/out/manifest.jsonl"))
    assert len(Manifest(tmp_path / "manifest.jsonl").read()) == 6
