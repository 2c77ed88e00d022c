"""Batches of pairs: what is written, what fails, what is done again."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from viton_cli.config import TryOnConfig
from viton_cli.engines.progress import Progress, Summary
from viton_cli.errors import BadConfig, BadImage, NoPersonFound, VitonError
from viton_cli.files import Manifest, read_photo
from viton_cli.pipelines.tryon import TryOn, tryon

pytestmark = pytest.mark.usefixtures("fakes")


class Spoken(Progress):
    """Keeps what was said."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.problems: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)

    def check(self, text: str, severity: str) -> None:
        self.notes.append(f"{severity}: {text}")

    def problem(self, text: str) -> None:
        self.problems.append(text)


def run(folders: SimpleNamespace, progress: Progress | None = None, **settings: Any) -> Summary:
    given = {"person": str(folders.people), "clothes": str(folders.clothes), "out": str(folders.out), **settings}
    return tryon(TryOnConfig(**given), progress)


def manifest(folders: SimpleNamespace) -> dict[tuple[str, str], dict[str, Any]]:
    return {(e["person"], e["garment"]): e for e in Manifest(folders.out / "manifest.jsonl").read()}


def files(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def test_every_person_in_every_garment(folders: SimpleNamespace, fakes: SimpleNamespace) -> None:
    done = run(folders)
    assert (done.ok, done.failed, done.skipped) == (6, 0, 0)
    assert len(fakes.finder.found) == 2, "a person is looked at once"
    assert sorted(p.relative_to(folders.out).as_posix() for p in folders.out.rglob("*__*.png")) == [
        "anna__green.png", "anna__red.png", "anna__tops+blue.png",
        "sub dir/bert ü__green.png", "sub dir/bert ü__red.png", "sub dir/bert ü__tops+blue.png",
    ]  # fmt: skip
    entry = manifest(folders)["anna", "tops/blue"]
    assert entry["output"] == "anna__tops+blue.png" and entry["status"] == "ok" and entry["cause"] is None
    assert entry["edited"] == [5, 10, 15, 20] and entry["changed"] == round(100 / (64 * 48), 5)
    assert entry["checks"] == [{"severity": "warn", "text": "sleeves change"}] and entry["light"] == "doubtful"
    assert entry["quality"] is None and entry["seconds"]["warp"] == 0.25


def test_outside_the_edited_region_the_file_is_the_photo(folders: SimpleNamespace) -> None:
    run(folders, masks=True)
    for out, mask in (("anna__red", "anna__red"), ("sub dir/bert ü__green", "sub dir/bert ü__green")):
        result = read_photo(folders.out / f"{out}.png").image
        edited = read_photo(folders.out / "edited" / f"{mask}.png").image[..., 0] > 0
        source = read_photo(folders.people / f"{out.split('__')[0]}.png").image
        np.testing.assert_array_equal(result[~edited], source[~edited])
        assert (result[edited] != source[edited]).all()


def test_folder_holds_what_the_documentation_says(folders: SimpleNamespace) -> None:
    run(folders, steps=True)
    there = files(folders.out)
    assert {"config.yaml", "index.html", "manifest.jsonl", "sheet.jpg", "steps/anna__red.jpg"} <= set(there)
    assert not [name for name in there if name.endswith(".tmp")]
    page = (folders.out / "index.html").read_text(encoding="utf-8")
    assert '"sub%20dir/bert%20%C3%BC__red"' in page and "http" not in page.replace("http-equiv", "")
    with Image.open(folders.out / "steps/anna__red.jpg") as strip:
        assert strip.width > 5 * 192  # photo, parse, pose, coarse image, mask, result


def test_names_are_escaped_in_the_page(folders: SimpleNamespace) -> None:
    folders.photo(folders.people / "<b>&.png")
    run(folders)
    page = (folders.out / "index.html").read_text(encoding="utf-8")
    assert "\\u003cb>&" in page and "<b>&" not in page


class TestResume:
    def test_finished_pairs_are_skipped_and_new_ones_made(
        self, folders: SimpleNamespace, fakes: SimpleNamespace
    ) -> None:
        run(folders)
        folders.photo(folders.clothes / "new.png", (1, 2, 3))
        fakes.finder.found.clear()
        fakes.method.pairs.clear()
        assert run(folders).skipped == 6
        assert sorted(fakes.method.pairs) == [("anna", "new"), ("sub dir/bert ü", "new")]
        fakes.finder.found.clear()
        assert (run(folders).skipped, fakes.finder.found) == (8, [])

    def test_lost_cut_short_and_incomplete_pairs_are_redone(
        self, folders: SimpleNamespace, fakes: SimpleNamespace
    ) -> None:
        run(folders)
        before = (folders.out / "anna__green.png").read_bytes()
        (folders.out / "anna__red.png").unlink()
        os.truncate(folders.out / "anna__green.png", 40)
        fakes.method.pairs.clear()
        assert run(folders).ok == 2 and sorted(fakes.method.pairs) == [("anna", "green"), ("anna", "red")]
        assert (folders.out / "anna__green.png").read_bytes() == before
        assert run(folders, masks=True).ok == 6, "no masks had been written"

    def test_another_photo_of_the_same_name_is_another_photo_however_old(
        self, folders: SimpleNamespace, fakes: SimpleNamespace
    ) -> None:
        run(folders)
        for name in ("anna.png", "sub dir/bert ü.png"):
            other = folders.photo(
                folders.root / "others" / name, (20, 30, 40) if name == "anna.png" else (90, 120, 150)
            )
            os.utime(other, (1, 1))
        fakes.method.pairs.clear()
        done = run(folders, person=str(folders.root / "others"))
        assert (done.ok, done.skipped) == (3, 3) and {person for person, _ in fakes.method.pairs} == {"anna"}
        assert tuple(read_photo(folders.out / "anna__red.png").image[40, 40]) == (20, 30, 40)
        os.utime(folders.root / "others/anna.png", None)
        assert run(folders, person=str(folders.root / "others")).skipped == 6, "the same content, though newer"

    def test_another_mask_is_another_garment(self, folders: SimpleNamespace) -> None:
        masks = folders.root / "masks"
        folders.photo(masks / "red.png", (255, 255, 255))
        assert run(folders, clothes_mask=masks).ok == 6
        assert run(folders, clothes_mask=masks).skipped == 6
        half = np.zeros((64, 48), np.uint8)
        half[:, :24] = 255
        Image.fromarray(half).save(masks / "red.png")
        os.utime(masks / "red.png", (1, 1))
        done = run(folders, clothes_mask=masks)
        assert (done.ok, done.skipped) == (2, 4)

    def test_weights_replaced_in_place_are_other_weights(self, folders: SimpleNamespace) -> None:
        weights = folders.root / "weights"
        weights.mkdir()
        (weights / "stage1.safetensors").write_bytes(b"one")
        assert run(folders, weights=str(weights)).ok == 6
        assert run(folders, weights=str(weights)).skipped == 6
        (weights / "stage1.safetensors").write_bytes(b"two")
        os.utime(weights / "stage1.safetensors", (1, 1))
        assert run(folders, weights=str(weights)).ok == 6

    def test_overwrite_redoes_all(self, folders: SimpleNamespace) -> None:
        run(folders)
        assert run(folders, overwrite=True).ok == 6

    def test_failed_pairs_are_tried_again(self, folders: SimpleNamespace) -> None:
        folders.photo(folders.people / "anna.png", (0, 0, 0))
        assert run(folders).failed == 3
        folders.photo(folders.people / "anna.png")
        done = run(folders)
        assert (done.ok, done.skipped, done.failed) == (3, 3, 0)
        assert {e["status"] for e in manifest(folders).values()} == {"ok"}

    def test_another_method_is_not_mixed_in(self, folders: SimpleNamespace) -> None:
        run(folders)
        with pytest.raises(BadConfig, match=r"warp=places, not paper.*--overwrite"):
            run(folders, warp="paper")
        assert run(folders, warp="paper", overwrite=True).ok == 6

    def test_an_interrupted_run_keeps_what_it_had(self, folders: SimpleNamespace, fakes: SimpleNamespace) -> None:
        class Stop(Spoken):
            def advance(self, name: str, count: int = 1) -> None:
                if len(fakes.method.pairs) == 2:
                    raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            run(folders, Stop())
        assert len(manifest(folders)) == 2
        done = run(folders)
        assert (done.ok, done.skipped) == (4, 2)


class TestFailures:
    def test_a_bad_photo_fails_its_pairs_with_one_line(self, folders: SimpleNamespace) -> None:
        (folders.people / "letter.jpg").write_text("dear reader")
        whole = folders.photo(folders.root / "whole.jpg", size=(640, 480)).read_bytes()
        (folders.people / "torn.jpg").write_bytes(whole[: len(whole) // 2])
        folders.photo(folders.people / "empty room.png", (0, 0, 0))
        said = Spoken()
        done = run(folders, said)
        assert (done.ok, done.failed) == (6, 9) and len(said.problems) == 3 == len(done.problems)
        assert all("\n" not in line for line in said.problems)
        entries = manifest(folders)
        assert "text" in entries["letter", "red"]["cause"] and "torn.jpg" in entries["torn", "green"]["cause"]
        assert entries["empty room", "tops/blue"] == {
            "person": "empty room", "garment": "tops/blue", "output": None, "status": "failed",
            "cause": f"{folders.people / 'empty room.png'}: no person found", "checks": [], "version": 2,
        }  # fmt: skip

    def test_a_bad_garment_fails_for_everyone_with_one_line(self, folders: SimpleNamespace) -> None:
        folders.photo(folders.clothes / "white.png", (255, 255, 255))
        said = Spoken()
        done = run(folders, said)
        assert (done.ok, done.failed) == (6, 2) and len(said.problems) == 1 and "white.png" in said.problems[0]

    def test_a_defect_costs_one_pair_and_is_called_one(self, folders: SimpleNamespace) -> None:
        folders.photo(folders.clothes / "pure.png", (255, 0, 0))
        done = run(folders)
        assert (done.ok, done.failed, done.defects) == (6, 2, 2)
        assert "defect of the toolkit: ValueError: red" in manifest(folders)["anna", "pure"]["cause"]

    def test_a_result_that_fails_later_is_taken_away(self, folders: SimpleNamespace) -> None:
        run(folders)
        folders.photo(folders.people / "anna.png", (0, 0, 0))
        run(folders, overwrite=True)
        assert not (folders.out / "anna__red.png").exists()

    def test_checks_are_said_once(self, folders: SimpleNamespace) -> None:
        folders.photo(folders.people / "two.png", (22, 30, 30))
        said = Spoken()
        run(folders, said)
        assert said.notes == [f"warn: {folders.people / 'two.png'}: 2 people found, the largest is taken"]

    def test_a_garment_photo_that_shows_a_person_is_told_once(self, folders: SimpleNamespace) -> None:
        folders.photo(folders.clothes / "worn.png", (255, 0, 255))
        said = Spoken()
        run(folders, said)
        assert said.notes == [f"warn: {folders.clothes / 'worn.png'}: shows a person"]


class TestOnePair:
    def test_to_a_file_and_from_python_alike(self, folders: SimpleNamespace) -> None:
        target = folders.root / "deep" / "one.png"
        done = run(
            folders, person=str(folders.people / "anna.png"), clothes=str(folders.clothes / "red.png"), out=str(target)
        )
        assert done.ok == 1
        result = TryOn().run(folders.people / "anna.png", Image.open(folders.clothes / "red.png"))
        np.testing.assert_array_equal(read_photo(target).image, result.image)
        again = TryOn().run(read_photo(folders.people / "anna.png").image, folders.clothes / "red.png", steps=True)
        np.testing.assert_array_equal(again.image, result.image)
        assert list(again.steps) == ["coarse image", "mask"]

    def test_several_pairs_do_not_fit_in_a_file(self, folders: SimpleNamespace) -> None:
        with pytest.raises(BadConfig, match="exactly one pair, there are 6"):
            run(folders, out=str(folders.root / "one.png"))

    def test_its_error_is_raised(self, folders: SimpleNamespace) -> None:
        dark = folders.photo(folders.root / "dark.png", (0, 0, 0))
        with pytest.raises(NoPersonFound, match=r"dark\.png"):
            run(folders, person=str(dark), clothes=str(folders.clothes / "red.png"), out=str(folders.root / "x.png"))
        with pytest.raises(BadImage, match="uint8"):
            TryOn().run(np.full((64, 48), 200.0), folders.clothes / "red.png")


def test_pairs_file_masks_and_dry_run(folders: SimpleNamespace, fakes: SimpleNamespace) -> None:
    (folders.root / "pairs.txt").write_text("anna.png green.png\nanna tops/blue\n")
    planned = run(folders, pairing=str(folders.root / "pairs.txt"), dry_run=True)
    assert (planned.planned, fakes.finder.found, folders.out.exists()) == (2, [], False)
    mask = np.zeros((64, 48), np.uint8)
    mask[20:30, 20:30] = 255
    (folders.root / "masks").mkdir()
    Image.fromarray(mask).save(folders.root / "masks/green.png")
    run(folders, pairing=str(folders.root / "pairs.txt"), clothes_mask=folders.root / "masks")
    assert sorted(fakes.method.pairs) == [("anna", "green"), ("anna", "tops/blue")]
    checks = {pair: [check["text"] for check in entry["checks"]] for pair, entry in manifest(folders).items()}
    assert checks["anna", "green"] == ["sleeves change"]
    assert "cut out automatically" in checks["anna", "tops/blue"][0]


def test_the_config_that_was_used_is_written_and_can_be_used_again(folders: SimpleNamespace) -> None:
    from viton_cli.config import load

    run(folders, steps=True)
    again = load(TryOnConfig, folders.out / "config.yaml", environment={})
    assert again.steps and again.person == [str(folders.people)]
    assert tryon(again).skipped == 6
    assert json.dumps(again.model_dump(mode="json"))


ODD = [
    "", "{", "[]", "3", "null", '"text"', "[" * 50_000, '{"person": ["anna"], "garment": "red", "status": "ok"}',
    '{"person": "anna", "garment": {}, "status": "ok"}', '{"person": "anna", "status": "ok"}', '{"status": "ok"}', "{}",
    '{"person": "anna", "garment": "red", "status": "ok", "inputs": 3}',
    '{"person": "anna", "garment": "red", "status": "ok", "seconds": {"a": "b"}}',
    '{"person": "anna", "garment": "red", "status": "ok", "checks": 7}',
    '{"person": "anna", "garment": "red", "status": ["ok"]}', '{"version": "x", "status": "ok"}',
    '{"person": "anna", "garment": "red", "status": "ok", "seconds": 1e999}',
]  # fmt: skip


@pytest.mark.parametrize("line", ODD)
def test_a_manifest_of_odd_shape_costs_a_pair_at_most(folders: SimpleNamespace, line: str) -> None:
    run(folders)
    with (folders.out / "manifest.jsonl").open("a") as stream:
        stream.write(line + "\n")
    done = run(folders)
    assert (done.failed, done.ok + done.skipped) == (0, 6) and done.ok <= 1
    assert run(folders).skipped == 6


def test_a_manifest_of_rubbish_is_no_manifest(folders: SimpleNamespace) -> None:
    run(folders)
    (folders.out / "manifest.jsonl").write_bytes(bytes(range(256)) * 100)
    assert run(folders).ok == 6
    (folders.out / ".viton.jsonl").write_bytes(b"\0rubbish\n" + b"[" * 9000 + b"\n3\n[]\n{}\n")
    with pytest.raises(VitonError, match="is not as viton wrote it"):
        run(folders)
