"""`viton evaluate` on folders: what is compared with what, what is said, what is refused."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from evaluating import SIZE, config, results, scored
from metric_pictures import noisy
from PIL import Image

from viton_cli.config import EvaluateConfig
from viton_cli.errors import BadConfig, BadDataset, BadImage, BadMask, BadPairs, NothingUsable, UnknownName
from viton_cli.files import write_image, write_labels
from viton_cli.pipelines.evaluate import evaluate
from viton_cli.pipelines.evaluate.groups import groups_of, read_groups
from viton_cli.pipelines.evaluate.matching import match


def test_the_persons_own_picture_is_not_the_truth_of_another_garment(folders: SimpleNamespace) -> None:
    for name in ("anna__red.png", "sub dir/bert ü__green.png", "carl__red.png", "steps/anna__red.jpg", "sheet-2.jpg"):
        folders.photo(folders.out / name)
    folders.photo(folders.people / "sub dir/bert ü__green.jpg")
    items, notes = match(folders.out, config(folders))
    truths = {item.name: item.truth.name if item.truth else None for item in items}
    assert truths == {"anna__red": None, "carl__red": None, "sub dir/bert ü__green": "bert ü__green.jpg"}
    assert any("a person's own picture is not the truth of another garment" in note for note in notes)
    assert any(note.startswith("2 results have no true picture") for note in notes)


def test_equal_names_of_person_and_garment_or_of_result_and_truth_are_the_persons_own(folders: SimpleNamespace) -> None:
    folders.photo(folders.out / "anna__anna.png")
    folders.photo(folders.out / "anna.png")
    items, _ = match(folders.out, config(folders))
    assert [(item.name, item.truth and item.truth.name, item.paired) for item in items] == [
        ("anna", "anna.png", None), ("anna__anna", "anna.png", True),
    ]  # fmt: skip


def test_a_pairs_file_names_the_truth_and_paired_is_never_mixed_with_unpaired(wardrobe: SimpleNamespace) -> None:
    results(wardrobe)
    found = scored(wardrobe)
    assert [(s.name, s.kind, s.n, s.people) for s in found.scores] == [
        ("ssim", "paired", 6, 6), ("psnr", "paired", 6, 6),
        ("ssim", "unpaired", 6, 6), ("psnr", "unpaired", 6, 6), ("region", "unpaired", 6, 6),
    ]  # fmt: skip
    assert any("never mixed" in note for note in found.notes)
    unpaired = {s.name: s for s in found.scores if s.kind == "unpaired"}
    assert unpaired["region"].value < 10 < 150 < unpaired["region"].photo  # type: ignore[operator]
    paired = {s.name: s for s in found.scores if s.kind == "paired"}
    assert paired["ssim"].photo == pytest.approx(1) and paired["psnr"].photo == float("inf")
    low, value, high = unpaired["ssim"].low, unpaired["ssim"].value, unpaired["ssim"].high
    assert low is not None and high is not None and low < value < high < 1


def test_results_and_pairs_without_each_other_are_told(wardrobe: SimpleNamespace) -> None:
    results(wardrobe)
    (wardrobe.out / "w1_a__w1_b.png").rename(wardrobe.out / "someone__else.png")
    notes = scored(wardrobe).notes
    assert any("1 results are in no line of" in note and "someone__else" in note for note in notes)
    assert any("1 pairs of" in note and "w1_a__w1_b" in note for note in notes)


def test_truths_lie_beside_the_pairs_file_too_and_one_that_is_not_there_is_named(wardrobe: SimpleNamespace) -> None:
    results(wardrobe)
    assert len(scored(wardrobe, reference=None).scores) == 5
    (wardrobe.image / "w2_b.png").unlink()
    with pytest.raises(BadPairs, match=r"pairs.csv:\d+: there is no true picture 'w2_b'"):
        scored(wardrobe)


def test_every_score_also_by_group_and_the_worse_served_are_named(wardrobe: SimpleNamespace) -> None:
    results(wardrobe, 4)
    for path in wardrobe.out.glob("w2_*"):
        write_image(path, np.full((*SIZE, 3), 90, np.uint8))
    found = scored(wardrobe, groups=wardrobe.root / "people.csv", metrics=["ssim"])
    unpaired = {s.group: s for s in found.scores if s.kind == "unpaired"}
    assert set(unpaired) == {
        "",
        "sex=f",
        "sex=m",
        "skin=#111111",
        "skin=#222222",
        "skin=#333333",
        "height=1.5",
        "height=1.7",
        "height=1.9",
    }
    assert unpaired["sex=f"].n == 4 and unpaired["sex=f"].people == 2 and unpaired[""].people == 3
    assert unpaired["sex=m"].value < unpaired["sex=f"].value
    (wardrobe.root / "people.csv").write_text("id,sex\nw1,f\nw3,m\n")
    assert any("4 results are of nobody in" in n for n in scored(wardrobe, groups=wardrobe.root / "people.csv").notes)


def test_a_group_is_named_if_its_whole_interval_is_worse(wardrobe: SimpleNamespace) -> None:
    results(wardrobe, 4)
    for path in [*wardrobe.out.glob("w2_*"), *wardrobe.out.glob("w3_*")]:
        write_image(path, noisy(np.asarray(Image.open(path)), 90))
    (wardrobe.root / "people.csv").write_text(
        "id,skin\nw1_a,light\nw1_b,light\nw2_a,dark\nw2_b,dark\nw3_a,dark\nw3_b,dark\n"
    )
    notes = scored(wardrobe, groups=wardrobe.root / "people.csv", metrics=["ssim"]).notes
    assert any("ssim: skin=dark is served worse" in note for note in notes)
    assert not any("skin=light is served worse" in note for note in notes)


def test_numbers_of_many_people_become_thirds_and_many_words_no_groups(tmp_path: Path) -> None:
    people = "".join(f"p{i},{i},note {i},{'f' if i % 2 else 'm'}\n" for i in range(12))
    (tmp_path / "people.csv").write_text("id,weight,note,sex\n" + people)
    groups = read_groups(tmp_path / "people.csv")
    assert [groups[f"p{i}"]["weight"] for i in (0, 5, 11)] == ["low", "middle", "high"]
    assert set(groups["p1"]) == {"weight", "sex"}
    assert groups_of("shop/p1_2b", groups) == ("p1", groups["p1"]) and groups_of("p11", groups)[0] == "p11"
    assert groups_of("q", groups) == ("q", {})
    (tmp_path / "people.csv").write_text("id,sex\na,f,x\n")
    with pytest.raises(BadConfig, match="row 2 has 3 columns"):
        read_groups(tmp_path / "people.csv")


def test_given_labels_and_masks_are_used_and_said(wardrobe: SimpleNamespace) -> None:
    results(wardrobe)
    for path in wardrobe.out.glob("*.png"):
        write_image(wardrobe.out / "edited" / path.name, np.full(SIZE, 255, np.uint8) * (np.arange(SIZE[1]) < 35))
    found = scored(wardrobe, labels=wardrobe.labels, metrics=["cie76", "outside", "spill"])
    unpaired = {s.name: s for s in found.scores if s.kind == "unpaired"}
    assert "labels: given (viton)" in unpaired["cie76"].protocol and unpaired["cie76"].photo > 50  # type: ignore[operator]
    assert unpaired["outside"].value > 0.9 and unpaired["outside"].photo == 0, "this try-on changes everything a little"
    write_image(wardrobe.out / "edited" / "w1_a__w1_b.png", np.zeros((4, 4), np.uint8))
    with pytest.raises(BadMask, match=r"w1_a__w1_b.png: the mask is 4x4"):
        scored(wardrobe, metrics=["outside"])
    write_labels(wardrobe.labels / "w1_a.png", np.zeros((4, 4), np.uint8))
    with pytest.raises(BadDataset, match=r"w1_a.png: 4x4 labels for a picture of 40x48"):
        scored(wardrobe, labels=wardrobe.labels, metrics=["cie76"])


def test_labels_are_found_where_none_are_given(wardrobe: SimpleNamespace) -> None:
    results(wardrobe)
    found = scored(wardrobe, labels=wardrobe.labels, metrics=["iou", "encoder-mmd"])
    (score,) = [s for s in found.scores if s.kind == "unpaired"]
    assert score.name == "encoder-mmd" and "SHA-256" in score.protocol, "nobody is in these pictures: no garment"
    assert found.missing["iou"].startswith("says nothing of these pictures")


def test_what_cannot_be_taken_is_told_with_its_command(
    wardrobe: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.hub.get_dir", lambda: str(wardrobe.root))
    results(wardrobe)
    found = scored(wardrobe, metrics=["all"], labels=wardrobe.labels, person=None)
    assert "viton tryon ... --masks" in found.missing["outside"] and "--person" in found.missing["region"]
    for name in ("fid", "kid", "is"):
        assert "--fetch inception" in found.missing[name] or "pip install" in found.missing[name]
    assert {"ssim", "psnr", "cie76"} <= {s.name for s in found.scores}
    assert any("give --person DIR" in note for note in found.notes) and all(s.photo is None for s in found.scores)


def test_results_without_truths_are_compared_as_a_set_with_the_reference(wardrobe: SimpleNamespace) -> None:
    results(wardrobe)
    for path in list(wardrobe.out.glob("*.png")):
        path.rename(path.with_name(path.name.replace("__", "__x")))
    found = scored(wardrobe, pairs=None, metrics=["encoder-mmd", "ssim"])
    (score,) = found.scores
    assert score.name == "encoder-mmd" and "12 pictures against 6 true ones" in score.protocol
    assert "--reference or --pairs" in found.missing["ssim"]


def test_photos_come_from_the_settings_of_the_run(wardrobe: SimpleNamespace) -> None:
    results(wardrobe)
    (wardrobe.out / "config.yaml").write_text(f"person: {wardrobe.image}\n")
    lines = [{"person": "w1_a", "garment": "w1_b", "output": "odd.png", "status": "ok"}]
    (wardrobe.out / "w1_a__w1_b.png").rename(wardrobe.out / "odd.png")
    (wardrobe.out / "manifest.jsonl").write_text("\n".join(map(json.dumps, lines)))
    items, notes = match(wardrobe.out, EvaluateConfig(results=wardrobe.out, reference=wardrobe.image))
    by_name = {item.name: item for item in items}
    assert (by_name["odd"].person, by_name["odd"].garment) == ("w1_a", "w1_b")
    assert all(item.photo for item in items) and "photos left as they are" in notes[0]


def test_one_row_a_picture_and_twice_the_same_bytes(wardrobe: SimpleNamespace) -> None:
    results(wardrobe)
    settings = {"groups": wardrobe.root / "people.csv", "metrics": ["ssim", "region", "encoder-mmd"], "workers": 3}
    files = [wardrobe.root / "rows1.csv", wardrobe.root / "rows2.csv"]
    first, second = (scored(wardrobe, rows=file, **settings) for file in files)
    assert first.scores == second.scores and first.notes == second.notes
    assert files[0].read_bytes() == files[1].read_bytes()
    rows = list(csv.DictReader(files[0].open()))
    assert len(rows) == 12 and rows[1]["name"] == "w1_a__w1_b" and rows[1]["kind"] == "unpaired"
    mean = np.mean([float(row["region"]) for row in rows if row["region"]])
    assert mean == pytest.approx(next(s.value for s in first.scores if s.name == "region"), rel=1e-4)
    assert float(rows[1]["region (photo)"]) > 100 and rows[0]["sex"] == "f"
    with pytest.raises(BadConfig, match=r"pairs.csv: is also read"):
        scored(wardrobe, rows=wardrobe.root / "pairs.csv")


def test_two_files_are_compared_whatever_their_names(folders: SimpleNamespace) -> None:
    one, two = folders.photo(folders.root / "x.png"), folders.photo(folders.root / "y.png")
    found = evaluate(config(folders, results=one, reference=two))
    assert [(s.n, s.kind) for s in found.scores] == [(1, "")] and found.scores[0].value == pytest.approx(1)
    assert any("only 1 pictures" in note for note in found.notes)


def test_what_cannot_be_compared_is_refused(folders: SimpleNamespace) -> None:
    folders.photo(folders.out / "zoe.png")
    with pytest.raises(NothingUsable, match=r"nothing can be measured: .*zoe"):
        evaluate(config(folders))
    folders.photo(folders.out / "anna.png", size=(32, 32))
    with pytest.raises(BadImage, match=r"results of different sizes .*1 of 32x32.* --mixed-sizes"):
        evaluate(config(folders))
    with pytest.raises(BadImage, match=r"anna: the result is 32x32 pixels, the true picture .*nothing is resized"):
        evaluate(config(folders, mixed_sizes=True))
    with pytest.raises(UnknownName, match="did you mean 'ssim'"):
        evaluate(config(folders, metrics=["ssmi"]))
    with pytest.raises(NothingUsable, match="gone"):
        evaluate(config(folders, reference=Path("gone")))
    (folders.out / "torn.png").write_bytes(b"\x89PNG")
    with pytest.raises(BadImage, match=r"torn.png"):
        evaluate(config(folders))
