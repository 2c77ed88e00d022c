"""Runs of exports: who is in them, what a second run keeps, what fails alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from exporting import HD, check_hd_joints, joints_of, lines, names, opened, run, write_garment, write_list, write_person

from viton_cli.config import PrepareConfig
from viton_cli.data import DATASETS
from viton_cli.data.prepared import Prepared
from viton_cli.errors import BadConfig
from viton_cli.files import Ledger
from viton_cli.pipelines.prepare.export import check_exports, with_height
from viton_cli.vocabulary import labels as L


def test_who_is_in_no_pair_or_only_in_unpaired_ones(tmp_path: Path) -> None:
    small = (256, 192)
    for id in ("p1", "p2", "p3"):
        write_person(tmp_path, id, small)
    for id in ("g1", "g2", "g3", "g4"):
        write_garment(tmp_path, id, small)
    _, said = run(tmp_path, "cp-vton")
    assert any("no pairs are known" in note for note in said)
    rows = list(lines(tmp_path / "cp-vton" / "test_pairs.txt"))
    assert len(rows) == 4 and len({person for person, _ in rows}) == 3 and len({garment for _, garment in rows}) == 4
    write_list(tmp_path, "train_pairs.txt", {"p1": "g1"})
    write_list(tmp_path, "train_pairs_unpaired.txt", {"p1": "g2", "p2": "g3"})
    _, said = run(tmp_path, "cp-vton")
    assert "cp-vton: 1 unpaired pairs are of people in the train split, whose lists have no place for them" in said
    assert "cp-vton: 1 of 3 people are in no pair and are left out" in said
    assert set(names(tmp_path, "cp-vton")) == {("train", "p1", "g1"), ("test", "p2", ""), ("test", "", "g3")}


def test_the_own_garment_is_laid_flat_where_a_loader_opens_one(tmp_path: Path) -> None:
    write_person(tmp_path, "front", sleeves="short")
    write_person(tmp_path, "cut off", sleeves="short", scale=2.3)  # the hips are not in the picture
    write_garment(tmp_path, "g1")
    write_list(tmp_path, "test_pairs_unpaired.txt", {"front": "g1", "cut off": "g1"})
    done, said = run(tmp_path, "hr-viton", "cp-vton")
    (problem,) = done.problems
    assert problem.startswith("hr-viton: cut off is left out: the garment they wear is not known") and done.failed == 1
    assert "hr-viton: the own garment of 1 people is not known: it was laid flat from their photos" in said
    ((person, garment),) = lines(tmp_path / "hr-viton" / "test_pairs.txt")
    assert person != garment and opened(tmp_path / "hr-viton/test/cloth-mask" / person, "L", HD).max() > 200
    assert len(list(lines(tmp_path / "cp-vton" / "test_pairs.txt"))) == 2, "CP-VTON opens no own garment"


def test_hips_out_of_the_picture_stop_no_loader(tmp_path: Path) -> None:
    write_person(tmp_path, "p1", sleeves="short", scale=2.3)
    write_garment(tmp_path, "g1")
    write_list(tmp_path, "test_pairs.txt", {"p1": "g1"})
    _, said = run(tmp_path, "viton-hd")
    assert "viton-hd: p1: there is no other garment to try on than the own one" in said
    points = joints_of(next((tmp_path / "viton-hd/test/openpose-json").iterdir()), "pose_keypoints_2d")
    check_hd_joints(points)
    assert not points[[9, 12], 2].any(), "confidence 0: not found"
    (person, *_) = DATASETS.get("viton-hd")(tmp_path / "viton-hd").entries("test")
    mine = next(Prepared(tmp_path).entries()).pose()
    assert (
        mine is not None and np.array_equal(person.pose().seen, mine.seen) and not mine.seen[[L.R_HIP, L.L_HIP]].any()
    )


def test_numbers_stay_and_what_is_gone_is_taken_away(tmp_path: Path) -> None:
    Ledger(tmp_path, "prepare").begin()  # only what is the toolkit's own is taken away
    small = (256, 192)
    for id in ("p2", "p4"):
        write_person(tmp_path, id, small)
    for id in ("g2", "g4"):
        write_garment(tmp_path, id, small)
    write_list(tmp_path, "train_pairs.txt", {"p2": "g2", "p4": "g4"})
    run(tmp_path, "viton", "dresscode")
    first = names(tmp_path, "viton")
    stamps = {path: path.stat().st_mtime_ns for path in (tmp_path / "viton/women_top").iterdir()}
    write_person(tmp_path, "p1", small)
    write_list(tmp_path, "train_pairs.txt", {"p1": "g4", "p4": "g4"})
    run(tmp_path, "viton", "dresscode")
    then = names(tmp_path, "viton")
    assert then == {("train", "p1", "g4"): 3, ("train", "p4", "g4"): first["train", "p4", "g4"]}
    gone = first["train", "p2", "g2"]
    assert not list(tmp_path.glob(f"viton/*/{gone:06d}_*")) and not list(tmp_path.glob(f"dresscode/*/*/{gone:06d}_*"))
    kept = [path for path in stamps if path.exists()]
    assert len(kept) == 2 and all(path.stat().st_mtime_ns == stamps[path] for path in kept)
    run(tmp_path, "viton", overwrite=True)
    assert all(path.stat().st_mtime_ns > stamps[path] for path in kept)


def test_crops_are_as_high_as_the_largest_export() -> None:
    def height(*names: str, **given: Any) -> int | None:
        return with_height(PrepareConfig(out=Path("x"), export=list(names), **given)).height

    assert [height(), height("viton"), height("cp-vton,hr-viton"), height("dresscode", height=700)] == [
        512,
        512,
        1024,
        700,
    ]


def test_nothing_to_export_is_a_failure(tmp_path: Path) -> None:
    write_person(tmp_path, "p1", (256, 192))
    done, _ = run(tmp_path, "viton-hd")
    assert done.failed == 1 and "nothing to export: it takes people and garments" in done.problems[0]


def test_a_run_that_was_cut_off_is_carried_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from viton_cli.data.exports.cp_vton import CpVtonExport

    small = (256, 192)
    for n in range(6):
        write_person(tmp_path, f"p{n}", small)
        write_garment(tmp_path, f"g{n}", small)
    write_list(tmp_path, "train_pairs.txt", {f"p{n}": f"g{n}" for n in range(6)})
    written: list[int] = []
    stopped: list[bool] = []
    write = CpVtonExport.write_person

    def counted(self: CpVtonExport, name: Any, person: Any, own: Any) -> list[str]:
        if name.number == 4 and not stopped:
            stopped.append(True)
            raise KeyboardInterrupt
        written.append(name.number)
        return write(self, name, person, own)

    monkeypatch.setattr(CpVtonExport, "write_person", counted)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, "cp-vton", workers=1)
    assert written[:3] == [1, 2, 3]
    run(tmp_path, "cp-vton", workers=1)
    assert sorted(set(written)) == [1, 2, 3, 4, 5, 6] and written.count(1) == written.count(2) == 1
    assert len(list(lines(tmp_path / "cp-vton" / "train_pairs.txt"))) == 6


def test_what_cannot_be_used_is_named_and_left_out(tmp_path: Path) -> None:
    small = (256, 192)
    for n in range(2):
        write_person(tmp_path, f"p{n}", small)
        write_garment(tmp_path, f"g{n}", small)
    write_list(tmp_path, "train_pairs.txt", {"p0": "g0", "p1": "g1"})
    (tmp_path / "openpose_json" / "p0_keypoints.json").write_text('{"people": []}')
    (tmp_path / "cloth" / "g1.jpg").write_bytes(b"torn")
    done, _ = run(tmp_path, "cp-vton")
    assert done.problems[0] == "cp-vton: p0 is left out: no joint is seen"
    torn = tmp_path / "cloth" / "g1.jpg"
    assert done.problems[1] == f"cp-vton: p1 is left out: {torn}: not a picture but text" and not done.defects
    assert not (tmp_path / "cp-vton" / "train_pairs.txt").exists() and not names(tmp_path, "cp-vton")


def test_a_defect_fails_its_look_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from viton_cli.data.exports.cp_vton import CpVtonExport

    small = (256, 192)
    for n in range(2):
        write_person(tmp_path, f"p{n}", small)
        write_garment(tmp_path, f"g{n}", small)
    write_list(tmp_path, "train_pairs.txt", {"p0": "g0", "p1": "g1"})
    write = CpVtonExport.write_garment

    def broken(self: CpVtonExport, name: Any, garment: Any) -> None:
        if name.number == 2:
            raise ZeroDivisionError("of something")
        write(self, name, garment)

    monkeypatch.setattr(CpVtonExport, "write_garment", broken)
    done, _ = run(tmp_path, "cp-vton")
    assert done.problems == ["cp-vton: p1 is left out: defect of the toolkit: ZeroDivisionError: of something"]
    assert done.defects == 1 and len(list(lines(tmp_path / "cp-vton" / "train_pairs.txt"))) == 1


def test_no_folder_but_that_of_an_export_is_written_into(tmp_path: Path) -> None:
    config = PrepareConfig(out=tmp_path, export=["viton-hd"])
    check_exports(config, [])
    (tmp_path / "viton-hd" / "train").mkdir(parents=True)
    with pytest.raises(BadConfig, match=r"viton-hd: holds files that are not of an export \(there is no names.csv\)"):
        check_exports(config, [])
    (tmp_path / "viton-hd" / "names.csv").touch()
    check_exports(config, [tmp_path / "people" / "a.jpg"])
    with pytest.raises(BadConfig, match="which photos are read from; give another --out"):
        check_exports(config, [tmp_path / "viton-hd" / "train" / "image" / "00001_00.jpg"])
