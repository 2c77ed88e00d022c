"""`viton evaluate sheet`: what is compared, what the page knows and does not, paper, and nothing lost."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from study import Study

from viton_cli.errors import BadConfig, NothingUsable
from viton_cli.files import decode_photo, read_photo
from viton_cli.pipelines.evaluate.rated import find_rated, named
from viton_cli.pipelines.evaluate.sheet import MOSAIC, write_sheet


def data_of(page: Path) -> dict[str, Any]:
    found = re.search(
        r'<script type="application/json" id="data">(.*?)</script>', page.read_text(encoding="utf-8"), re.S
    )
    assert found
    data: dict[str, Any] = json.loads(found[1])
    return data


def test_the_page_is_one_file_and_blind(study: Study) -> None:
    made = study(methods=3, trials=9, raters=2)
    text = (made.out / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"method\d|p\d__g\d|spoilt", text), "neither methods, names nor catch trials are in the page"
    assert not re.search(r'\b(src|href)="(?!data:)', text) and "http" not in text.replace("http-equiv", "")
    data = data_of(made.out / "index.html")
    assert set(data) == {"sheet", "question", "seconds", "lists", "pictures"}
    assert [len(trials) for trials in data["lists"]] == [11, 11]
    assert all(len(trial) == 4 for trials in data["lists"] for trial in trials)
    same = [trial for trials in data["lists"] for trial in trials if trial[2] == trial[3]]
    assert not same, "in a catch trial one of the two is spoilt, so they differ"


def test_pictures_are_those_that_the_key_says(study: Study) -> None:
    made = study(methods=2, trials=4, raters=1, catch=2)
    data = data_of(made.out / "index.html")

    def far(number: int, path: Path) -> float:
        shown = read_photo(path).image.astype(float)
        return float(np.abs(decode_photo(base64.b64decode(data["pictures"][number]), "").image - shown).mean())

    for trial, (person, garment, left, right) in zip(made.key.lists[0], data["lists"][0]):
        ids = made.key.pairs[trial.pair]
        assert (
            far(person, made.root / f"people/{ids[0]}.png") < 25
            and far(garment, made.root / f"clothes/{ids[1]}.png") < 25
        )
        for number, method, side in ((left, trial.left, "left"), (right, trial.right, "right")):
            distance = far(number, made.folders[method] / f"{'__'.join(ids)}.png")
            assert (distance > 40) == (trial.spoilt == side), "a JPEG of noise is near it, a mosaic is not"
    assert MOSAIC < 12


def test_the_same_seed_is_the_same_bytes_and_another_sheet_does_not_replace_it(study: Study) -> None:
    made = study(raters=1, printed="pdf")
    before = {path: path.read_bytes() for path in made.out.rglob("*") if path.is_file()}
    folders = [str(folder) for folder in made.folders]
    assert write_sheet(made.config, folders).id == made.sheet.id
    assert {path: path.read_bytes() for path in made.out.rglob("*") if path.is_file()} == before
    other = made.config.model_copy(update={"seed": 5})
    with pytest.raises(BadConfig, match=f"holds another sheet \\({made.sheet.id}\\).*--overwrite"):
        write_sheet(other, folders)
    assert (made.out / "key.json").read_bytes() == before[made.out / "key.json"]
    assert write_sheet(other.model_copy(update={"overwrite": True}), folders).id != made.sheet.id


def test_a_folder_of_other_files_is_not_written_into(study: Study, tmp_path: Path) -> None:
    made = study()
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters/a.txt").write_text("dear")
    for out in (tmp_path / "letters", made.folders[0]):
        with pytest.raises(BadConfig, match=rf"{out.name}: (holds other files|is also read)"):
            write_sheet(made.config.model_copy(update={"out": out, "overwrite": True}), [str(f) for f in made.folders])


def test_pictures_of_different_sizes_are_noticed(study: Study) -> None:
    made = study()
    assert made.sheet.notes == []
    with Image.open(made.folders[1] / "p0__g0.png") as opened:
        opened.resize((60, 80)).save(made.folders[1] / "p0__g0.png")
    rated = find_rated([str(f) for f in made.folders], made.config.person, made.config.clothes, 50, 0)
    (note,) = rated.notes
    assert "method0 30x40, method1 60x80" in note and "--height 40" in note


def test_only_pairs_of_all_methods_are_compared_and_that_is_said(study: Study) -> None:
    made = study()
    (made.folders[1] / "p0__g0.png").unlink()
    (made.folders[0] / "sheet.jpg").write_bytes((made.folders[0] / "p0__g1.png").read_bytes())
    rated = find_rated([f"a={made.folders[0]}", f"b={made.folders[1]}"], made.config.person, made.config.clothes, 50, 0)
    assert rated.pairs == [("p0", "g1"), ("p1", "g0"), ("p1", "g1")] and list(rated.methods) == ["a", "b"]
    assert rated.notes == ["b: 1 pairs that others have are missing; they are left out for every method"]
    few = find_rated([str(f) for f in made.folders], made.config.person, made.config.clothes, 2, 7)
    assert len(few.pairs) == 2 and "2 of 3 pairs are taken, by seed 7" in few.notes[-1]


def test_bad_folders_are_named(study: Study, tmp_path: Path) -> None:
    made = study()
    with pytest.raises(BadConfig, match="two methods or more"):
        named([str(made.folders[0])])
    with pytest.raises(BadConfig, match="two methods are called 'method0'"):
        named([str(made.folders[0]), str(made.folders[0])])
    with pytest.raises(NothingUsable, match="nowhere: no such folder"):
        named([str(made.folders[0]), str(tmp_path / "nowhere")])
    with pytest.raises(NothingUsable, match=r"people: no result of .* called PERSON__GARMENT"):
        find_rated([str(made.folders[0]), made.config.person[0]], made.config.person, made.config.clothes, 50, 0)


@pytest.mark.parametrize("kind", ["pdf", "png"])
def test_paper(study: Study, kind: str) -> None:
    made = study(people=3, clothes=3, raters=2, trials=9, printed=kind)
    pages = sorted((made.out / "print").glob(f"*.{kind}"))
    if kind == "png":
        # 9 trials and 2 catch trials, four a page, after the form
        assert [p.name for p in pages] == [f"list-0{n}-page-0{m}.png" for n in (1, 2) for m in (1, 2, 3, 4)]
        with Image.open(pages[0]) as form, Image.open(pages[1]) as trials:
            assert form.size == trials.size == (1240, 1754)
            assert np.asarray(trials).std() > 2 * np.asarray(form).std(), "there are pictures on it"
    else:
        assert [p.name for p in pages] == ["list-01.pdf", "list-02.pdf"]
        assert len(re.findall(rb"/Type /Page\b(?!s)", pages[0].read_bytes())) == 4
    assert (made.out / "print/answers.csv").read_text() == "sheet,rater,list,trial,choice\n"
