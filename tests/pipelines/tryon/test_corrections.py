"""Corrections by hand: by flags, by columns of a pairs file, in Python; each does something and is part of a result."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from viton_cli import TryOn
from viton_cli.config import TryOnConfig
from viton_cli.engines.progress import Summary
from viton_cli.errors import BadConfig, BadMask, BadPairs, NoPersonFound
from viton_cli.files import Manifest, read_photo, write_image, write_keypoints, write_labels
from viton_cli.methods.by_hand import Wishes
from viton_cli.perception.backends.fake import draw_person
from viton_cli.perception.by_hand import within
from viton_cli.pipelines.tryon import tryon
from viton_cli.pipelines.tryon.corrections import as_who, known_of
from viton_cli.records import Photo
from viton_cli.vocabulary import labels as L

SIZE = (240, 180)


def run(folders: SimpleNamespace, **settings: Any) -> Summary:
    given = {"person": str(folders.people), "clothes": str(folders.clothes), "out": str(folders.out), **settings}
    return tryon(TryOnConfig(**given))


@pytest.fixture
def drawing(tmp_path: Path) -> SimpleNamespace:
    """A drawn person, and an engine that sees drawings."""
    image, labels, pose = draw_person(SIZE)
    path = write(tmp_path / "anna.png", image)
    return SimpleNamespace(root=tmp_path, path=path, image=image, labels=labels, pose=pose,
                           engine=TryOn(pose="fake", parsing="fake"))  # fmt: skip


def write(path: Path, image: np.ndarray[Any, np.dtype[np.uint8]]) -> Path:
    write_image(path, image)
    return path


class TestOfPeople:
    def test_joints_by_hand_take_the_place_of_those_found(self, drawing: SimpleNamespace) -> None:
        moved = drawing.pose.joints + np.float32(7)
        pose = type(drawing.pose)(moved, drawing.pose.seen, drawing.pose.confidence)
        write_keypoints(drawing.root / "anna.json", [pose])
        for joints in (drawing.root / "anna.json", pose):
            found = drawing.engine.find(drawing.path, joints=joints)
            np.testing.assert_allclose(found.pose.joints[found.pose.seen], moved[found.pose.seen], atol=0.01)
            assert (found.parsing.labels == drawing.engine.find(drawing.path).parsing.labels).all()

    def test_labels_by_hand_take_the_place_of_those_found(self, drawing: SimpleNamespace) -> None:
        mine = np.where(drawing.labels == L.UPPER, L.COAT, drawing.labels).astype(np.uint8)
        write_labels(drawing.root / "anna_labels.png", mine)
        for labels in (drawing.root / "anna_labels.png", mine):
            assert (drawing.engine.find(drawing.path, labels=labels).parsing.labels == mine).all()
        with pytest.raises(BadMask, match="the photo has 180x240"):
            drawing.engine.find(drawing.path, labels=mine[:100])

    def test_with_joints_and_labels_perception_is_not_asked(self, drawing: SimpleNamespace) -> None:
        empty = np.full((*SIZE, 3), 235, np.uint8)
        with pytest.raises(NoPersonFound):
            drawing.engine.find(empty)
        found = drawing.engine.find(empty, joints=drawing.pose, labels=drawing.labels)
        assert (found.parsing.labels == drawing.labels).all()

    def test_a_mask_by_hand_says_what_the_person_is(self, drawing: SimpleNamespace) -> None:
        mask = np.zeros(SIZE, bool)
        mask[:, : SIZE[1] // 2] = True
        found = drawing.engine.find(drawing.path, person_mask=mask).parsing.labels
        assert not found[:, SIZE[1] // 2 :].any() and (found[:, : SIZE[1] // 2] > 0).all()
        kept = (drawing.labels > 0) & mask
        assert (found[kept] == drawing.labels[kept]).all()

    def test_within_gives_each_pixel_the_nearest_label(self) -> None:
        labels = np.zeros((4, 6), np.uint8)
        labels[:, 1], labels[:, 5] = L.UPPER, L.PANTS
        mask = np.ones((4, 6), bool)
        mask[:, 5] = False
        assert (within(labels, mask)[0] == [L.UPPER] * 5 + [0]).all()
        assert (within(np.zeros_like(labels), mask)[0] == [L.UPPER] * 5 + [0]).all()

    def test_which_person_is_meant(self, drawing: SimpleNamespace) -> None:
        wide = np.concatenate((draw_person(SIZE)[0], draw_person(SIZE)[0]), 1)
        for who, side in ((1, 0), (2, 1), ((180, 0, 360, 240), 1), ("0,0,180,240", 0)):
            found = drawing.engine.find(wide, who=who)
            assert (found.pose.joints[L.NECK][0] > 180) == side
            assert (np.flatnonzero(found.parsing.labels.any(0)).mean() > 180) == side
        with pytest.raises(NoPersonFound, match="person 3 is meant, 2 found"):
            drawing.engine.find(wide, who=3)

    @pytest.mark.parametrize("who", ["x", "0", "-1", "1,2,3", "5,5,1,9", 0])
    def test_what_names_nobody(self, who: Any) -> None:
        with pytest.raises(BadConfig, match="--who"):
            as_who(who)

    def test_a_box_is_in_pixels_of_the_whole_photo(self) -> None:
        from viton_cli.records import Original

        small = Photo("p", np.zeros((100, 50, 3), np.uint8), original=Original((200, 100), exact=False))
        known = known_of(small, who=(10, 20, 60, 180))
        assert known is not None and known.who == (5, 10, 30, 90) and known_of(small) is None


class TestOfARun:
    @pytest.fixture
    def seen(self, folders: SimpleNamespace, fakes: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
        """What reached perception and method."""
        from viton_cli.pipelines.tools import Tools

        told: list[Any] = []
        find, dress = Tools.find, Tools.dress

        def found(self: Tools, photo: Photo, known: Any = None) -> Any:
            told.append((photo.id, known))
            return find(self, photo)

        def dressed(self: Tools, person: Any, garment: Any, steps: bool, wishes: Any = None) -> Any:
            told.append((person.photo.id, garment.photo.id, wishes))
            return dress(self, person, garment, steps)

        monkeypatch.setattr(Tools, "find", found)
        monkeypatch.setattr(Tools, "dress", dressed)
        return told

    def test_flags_and_columns_reach_their_pairs_and_are_part_of_the_result(
        self, folders: SimpleNamespace, seen: list[Any]
    ) -> None:
        Image.new("L", (48, 64), 255).save(folders.root / "mask.png")
        lines = [
            "person,garment,person_mask,sleeves,length,tuck",
            "anna,red,mask.png,long,1.2,yes",
            "anna,green,mask.png,,,",
        ]
        pairs = folders.root / "pairs.csv"
        pairs.write_text("\n".join(lines) + "\n")
        done = run(folders, pairing=str(pairs), sleeves="short")
        assert (done.ok, done.failed) == (2, 0), done.problems
        known = next(one[1] for one in seen if len(one) == 2)
        assert known.mask.min() == 1 and known.pose is None
        worn = {one[1]: one[2] for one in seen if len(one) == 3}
        assert worn == {"red": Wishes("long", 1.2, True), "green": Wishes("short")}
        assert run(folders, pairing=str(pairs), sleeves="short").skipped == 2
        pairs.write_text("\n".join([lines[0], lines[1].replace("1.2", "1.3"), lines[2]]) + "\n")
        again = run(folders, pairing=str(pairs), sleeves="short")
        assert (again.ok, again.skipped) == (1, 1), "only the pair whose hem has changed"
        Image.new("L", (48, 64), 254).save(folders.root / "mask.png")
        assert run(folders, pairing=str(pairs), sleeves="short").ok == 2, "the mask's content counts"
        inputs = {e["garment"]: e["inputs"] for e in Manifest(folders.out / "manifest.jsonl").read()}
        assert inputs["red"]["by_hand"] != inputs["green"]["by_hand"]

    def test_files_are_named_as_the_photos(self, folders: SimpleNamespace, seen: list[Any]) -> None:
        for name in ("anna", "sub dir/bert ü"):
            write(folders.root / f"masks/{name}.png", np.full((64, 48), 255, np.uint8))
        (folders.root / "masks/sub dir/bert ü.png").unlink()
        assert run(folders, person_mask=str(folders.root / "masks")).ok == 6
        assert {one[0]: one[1] is not None for one in seen if len(one) == 2} == {"anna": True, "sub dir/bert ü": False}
        with pytest.raises(BadMask, match="one file for 2 people"):
            run(folders, person_mask=str(folders.root / "masks/anna.png"), out=str(folders.root / "other"))

    @pytest.mark.parametrize(
        ("column", "value", "cause"),
        [
            ("sleeves", "huge", "unknown sleeves 'huge'"),
            ("length", "far", "length 'far'"),
            ("tuck", "maybe", "tuck 'maybe'"),
            ("who", "nobody", "who 'nobody'"),
            ("joints", "none.json", "there is no joints"),
        ],
    )
    def test_a_line_that_cannot_be_meant(
        self, folders: SimpleNamespace, seen: list[Any], column: str, value: str, cause: str
    ) -> None:
        (folders.root / "p.csv").write_text(f"person,garment,{column}\nanna,red,{value}\n")
        with pytest.raises(BadPairs, match=cause):
            run(folders, pairing=str(folders.root / "p.csv"))
        assert not folders.out.exists()

    def test_a_method_without_layout_takes_no_wishes(self, folders: SimpleNamespace, fakes: SimpleNamespace) -> None:
        done = run(folders, sleeves="long")
        assert done.failed == 6 and "takes no --sleeves, --length or --tuck" in done.problems[0]
        assert not list(folders.out.glob("*.png")) and read_photo(folders.people / "anna.png").size == (64, 48)
