"""Whatever --out is, no file that a command did not write itself is replaced or taken away."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from viton_cli.config import PrepareConfig, TryOnConfig
from viton_cli.engines.progress import Summary
from viton_cli.errors import BadConfig, NotOurs, VitonError
from viton_cli.files import read_photo
from viton_cli.pipelines.prepare import prepare
from viton_cli.pipelines.tryon import tryon

pytestmark = pytest.mark.usefixtures("fakes")
State = dict[str, bytes]


def run(folders: SimpleNamespace, **settings: Any) -> Summary:
    given = {"person": folders.people, "clothes": folders.clothes, "out": folders.out, **settings}
    return tryon(TryOnConfig(**{k: str(v) if isinstance(v, Path) else v for k, v in given.items()}))


def make(folders: SimpleNamespace, **settings: Any) -> Summary:
    given = {"person": folders.people, "clothes": folders.clothes, "out": folders.out, "height": 96, **settings}
    return prepare(PrepareConfig(**{k: v for k, v in given.items() if v is not None}))


def state(folder: Path) -> State:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture
def hd(folders: SimpleNamespace) -> Path:
    """VITON-HD's layout: the photos lie where a prepared folder has its crops."""
    for folder in ("image", "cloth"):
        folders.photo(folders.root / "hd/test" / folder / "00001_00.jpg", size=(128, 96))
        folders.photo(folders.root / "hd" / folder / "00001_00.jpg", size=(128, 96))
    (folders.root / "hd/test_pairs.txt").write_text("00001_00.jpg 00001_00.jpg\n")
    return Path(folders.root / "hd")


Call = Callable[[SimpleNamespace, Path], object]


@pytest.mark.parametrize(
    "call",
    {
        "prepare into the photos' parent": lambda f, hd: make(f, person=hd / "image", clothes=hd / "cloth", out=hd),
        "the same with --force": lambda f, hd: make(f, person=hd / "image", clothes=None, out=hd, force=True),
        "prepare into the photos": lambda f, hd: make(f, out=f.people, force=True),
        "a data set into itself": lambda f, hd: make(
            f, person=None, clothes=None, dataset=hd, format="viton-hd", out=hd, force=True
        ),
        "a data set below itself": lambda f, hd: make(
            f, person=None, clothes=None, dataset=hd, format="viton-hd", out=hd / "new"
        ),
        "try on into the people": lambda f, hd: run(f, out=f.people, force=True),
        "through a link": lambda f, hd: run(f, out=linked(f.root / "link", f.people), force=True),
        "try on into the clothes": lambda f, hd: run(f, out=f.clothes, force=True),
        "photos below --out": lambda f, hd: run(
            f, person=shutil.copytree(f.people, f.root / "x/thumbs/person"), out=f.root / "x", force=True
        ),
        "masks below --out": lambda f, hd: run(
            f, clothes_mask=shutil.copytree(f.clothes, f.root / "x/masks"), out=f.root / "x", force=True
        ),
        "pairs below --out": lambda f, hd: run(f, pairing=pairs_file(hd / "p.txt"), out=hd, force=True),
        "one photo onto itself": lambda f, hd: run(f, person=f.people / "anna.png", out=f.people / "anna.png"),
        "the garment, by a hard link": lambda f, hd: run(
            f, person=f.people / "anna.png", clothes=f.clothes / "red.png",
            out=hard(f.clothes / "red.png", f.root / "o.png"),
        ),
        "the person, by a symbolic link": lambda f, hd: run(
            f, person=f.people / "anna.png", clothes=f.clothes / "red.png",
            out=linked(f.root / "o.png", f.people / "anna.png"),
        ),
        "a folder of files without --force": lambda f, hd: run(f, out=hd),
        "the same for prepare": lambda f, hd: make(f, out=hd / "image"),
        "a file in place of the folder": lambda f, hd: run(f, out=hd / "test_pairs.txt"),
    }.items(),
    ids=lambda item: item[0].replace(" ", "_"),
)  # fmt: skip
def test_refused_in_one_line_before_anything_is_written(
    call: tuple[str, Call], folders: SimpleNamespace, hd: Path
) -> None:
    before: State = {}

    def change() -> None:
        try:
            call[1](folders, hd)
        finally:
            before.update(state(folders.root))

    present = state(folders.root)
    with pytest.raises(BadConfig) as caught:
        change()
    said = str(caught.value)
    assert "\n" not in said and ("--out" in said or "is not a folder" in said)
    made_here = ("x/", "link/", "o.png", "hd/p.txt")  # by the case itself
    assert {name: data for name, data in before.items() if not name.startswith(made_here)} == present


def pairs_file(path: Path) -> Path:
    path.write_text("anna red\n")
    return path


def linked(link: Path, target: Path) -> Path:
    link.symlink_to(target)
    return link


def hard(target: Path, link: Path) -> Path:
    os.link(target, link)
    return link


@pytest.mark.parametrize("name", ["config.yaml", "index.html", "sheet.jpg", "manifest.jsonl", "thumbs/mine.jpg"])
def test_a_users_file_of_a_name_that_every_run_writes(folders: SimpleNamespace, name: str) -> None:
    (folders.out / name).parent.mkdir(parents=True)
    (folders.out / name).write_text("mine")
    for force in (False, True):
        with pytest.raises(NotOurs if force else BadConfig, match=name.split("/")[0] if force else "--force"):
            run(folders, force=force)
    assert state(folders.out) == {name: b"mine"}


def test_force_writes_beside_what_is_there(folders: SimpleNamespace) -> None:
    mine = folders.photo(folders.out / "anna__red.png", (1, 2, 3)).read_bytes()
    (folders.out / "notes.txt").write_text("mine")
    (folders.out / "sheet-7.jpg").write_text("mine")
    done = run(folders, force=True)
    assert (done.ok, done.failed) == (5, 1) and "anna__red.png: is not as viton wrote it" in done.problems[0]
    assert (folders.out / "anna__red.png").read_bytes() == mine
    assert {(folders.out / name).read_text() for name in ("notes.txt", "sheet-7.jpg")} == {"mine"}
    assert run(folders).skipped == 5, "now it is ours"


def test_a_photo_named_like_a_result_outlives_the_failure_of_that_pair(folders: SimpleNamespace) -> None:
    folders.photo(folders.people / "anna.png", (0, 0, 0))
    mine = folders.photo(folders.out / "anna__red.png", (1, 2, 3)).read_bytes()
    assert run(folders, force=True).failed == 3
    assert (folders.out / "anna__red.png").read_bytes() == mine


def test_a_result_that_was_retouched_is_kept(folders: SimpleNamespace) -> None:
    run(folders)
    mine = folders.photo(folders.out / "anna__red.png", (1, 2, 3)).read_bytes()
    for overwrite, failed in ((False, 1), (True, 1)):
        done = run(folders, overwrite=overwrite)
        assert done.failed == failed and (folders.out / "anna__red.png").read_bytes() == mine
    (folders.out / "anna__red.png").unlink()
    assert run(folders).ok == 1


def test_results_are_never_photos(folders: SimpleNamespace) -> None:
    run(folders)
    count = len(state(folders.out))
    for again in range(2):
        assert run(folders, person=folders.root, clothes=folders.clothes, out=folders.root / "second").ok == 15, again
        shutil.rmtree(folders.root / "second")
    assert len(state(folders.out)) == count
    for call in (
        lambda: run(folders, person=folders.out, out=folders.root / "o"),
        lambda: run(folders, clothes=folders.out, out=folders.root / "o"),
        lambda: make(folders, person=folders.out, out=folders.root / "o"),
        lambda: make(folders, person=None, clothes=None, dataset=folders.out, format="viton", out=folders.root / "o"),
    ):
        with pytest.raises(BadConfig, match="a folder that viton wrote"):
            call()


def test_a_prepared_folder_is_read_only_as_one(folders: SimpleNamespace) -> None:
    data = folders.root / "data"
    make(folders, out=data)
    with pytest.raises(BadConfig, match="a folder that viton wrote"):
        run(folders, person=data)
    with pytest.raises(BadConfig, match=r"was made by viton prepare; give another --out"):
        run(folders, out=data)
    before = state(data)
    with pytest.raises(BadConfig, match="is also read"):
        make(folders, person=None, clothes=None, dataset=data, format="prepared", out=data)
    assert state(data) == before
    assert make(folders, person=None, clothes=None, dataset=data, format="prepared", out=folders.root / "d2").ok == 5


def test_a_folder_of_an_earlier_version_is_refused_in_words(folders: SimpleNamespace) -> None:
    folders.out.mkdir()
    line = '{"person": "anna", "garment": "red", "status": "ok", "output": "anna__red.png"}\n'
    (folders.out / "manifest.jsonl").write_text(line)
    for force in (False, True):
        with pytest.raises(BadConfig, match=r"made by an earlier version of viton; give another --out"):
            run(folders, force=force)
    assert state(folders.out) == {"manifest.jsonl": line.encode()}


def test_a_folder_of_a_later_version_is_refused_in_words(folders: SimpleNamespace) -> None:
    run(folders)
    ledger = folders.out / ".viton.jsonl"
    ledger.write_text(ledger.read_text().replace('"version": 1', '"version": 2'))
    with pytest.raises(BadConfig, match="another version of viton"):
        run(folders)
    later = (folders.out / "manifest.jsonl").read_text().replace('"version": 2', '"version": 3')
    ledger.unlink()
    (folders.out / "manifest.jsonl").write_text(later)
    from viton_cli.files import Manifest

    with pytest.raises(VitonError, match=r"manifest\.jsonl: written by a later version"):
        Manifest(folders.out / "manifest.jsonl").read()


def test_a_photo_that_is_a_result_by_a_hard_link(folders: SimpleNamespace) -> None:
    run(folders)
    os.link(folders.out / "anna__red.png", folders.people / "linked.png")
    with pytest.raises(BadConfig, match=r"would be written and is .*linked\.png, which is read"):
        run(folders)
    assert read_photo(folders.people / "linked.png").size == (64, 48)


@pytest.mark.parametrize("option", ["out", "person", "clothes"])
def test_an_empty_path_is_not_the_current_folder(
    folders: SimpleNamespace, option: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from viton_cli.config import load

    monkeypatch.chdir(folders.root)
    before = state(folders.root)
    for model in (TryOnConfig, PrepareConfig):
        given = {"person": "people", "clothes": "clothes", "out": "out", option: ""}
        with pytest.raises(BadConfig, match=rf"--{option}: bad value for '{option}': is empty"):
            load(model, flags=given, environment={})
    assert state(folders.root) == before


def test_what_killed_runs_left_half_written_is_taken_away(folders: SimpleNamespace) -> None:
    from viton_cli.files.temporary import temporary

    run(folders)
    left = temporary(folders.out / "steps/x.jpg")
    dead = left.with_name(left.name.replace(f"-{os.getpid()}-", "-99999999-"))  # above the largest process number
    alive = left.with_name(left.name.replace(f"-{os.getpid()}-", f"-{os.getppid()}-"))
    mine = left.with_name(".mine.tmp")
    left.parent.mkdir()
    for path in (dead, alive, mine):
        path.write_bytes(b"half")
    run(folders)
    assert sorted(left.parent.iterdir()) == sorted([alive, mine])
    beside = folders.root / dead.name
    beside.write_bytes(b"half")
    run(folders, person=folders.people / "anna.png", clothes=folders.clothes / "red.png", out=folders.root / "one.png")
    assert not beside.exists() and (folders.root / "one.png").is_file()
