"""Try-on runs that are carried on, and what fails alone."""

from __future__ import annotations

import os
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from running import Spoken, manifest, run

from viton_cli.errors import BadConfig
from viton_cli.files import read_photo

pytestmark = pytest.mark.usefixtures("fakes")


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
