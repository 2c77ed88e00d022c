"""Licences, receipts and dry runs on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from calls import Viton

from viton_cli.files import read_photo, sha256, write_image


class TestLicences:
    def test_every_part_has_a_line(self, viton: Viton) -> None:
        from viton_cli.checkpoints import FOLDER, shipped

        code, out, _ = viton("licences", "--json")
        lines = json.loads(out)["licences"]
        names = {kind: {line["name"] for line in lines if line["kind"] == kind} for kind in ("code", "weights", "data")}
        assert code == 0 and names["weights"] == set(shipped()) and names["code"] == {"viton-cli"}
        assert {"torch", "typer", "rich"} <= {line["name"] for line in lines if line["kind"] == "dependency"}
        assert all(line["licence"] for line in lines)
        behind = [source["weights"] for source in json.loads((FOLDER / "sources.json").read_text())]
        assert {name for weights in behind for name in weights} == set(shipped()), "every weight says what is behind it"
        notice = " ".join((FOLDER / "NOTICE").read_text().split())
        assert all(word in notice for word in ("Clothing Co-Parsing", "clothing-dataset-small", "EfficientNet-Lite0"))

    def test_in_columns(self, viton: Viton) -> None:
        lines = viton("licences")[1].decode().splitlines()
        assert lines[0].split()[:3] == ["code", "viton-cli", "Apache-2.0"] and len({line[:12] for line in lines}) == 4


class TestReceipts:
    @pytest.fixture
    def result(self, viton: Viton, folders: SimpleNamespace) -> Path:
        result = folders.root / "anna.png"
        code, _, _ = viton(
            "tryon", "--person", folders.people / "anna.png", "--clothes", folders.clothes / "red.png", "--out", result
        )
        assert code == 0
        return Path(result)

    def test_a_result_says_what_made_it_and_that_it_is_altered(
        self, viton: Viton, folders: SimpleNamespace, result: Path
    ) -> None:
        code, out, _ = viton("doctor", result)
        told = out.decode()
        assert code == 0 and "digitally altered" in told and "would make the same" in told
        assert sha256(folders.people / "anna.png") in told and sha256(folders.clothes / "red.png") in told
        assert "warp=places" in told
        told = json.loads(viton("doctor", result, "--json")[1])
        assert told["same"] is True and told["receipt"]["weights"]

    def test_it_is_made_again_and_compared(self, viton: Viton, folders: SimpleNamespace, result: Path) -> None:
        inputs = ["--person", folders.people / "anna.png", "--clothes", folders.clothes / "red.png"]
        code, out, _ = viton("doctor", result, *inputs)
        assert code == 0 and "every pixel the same" in out.decode()
        image = read_photo(result).image.copy()
        image[3:5, 7] = 9
        from viton_cli.pipelines.receipts import read_receipt

        write_image(result, image, exif=read_receipt(result).exif())
        code, out, _ = viton("doctor", result, *inputs)
        assert code == 1 and "2 pixels differ" in out.decode()
        code, _, err = viton("doctor", result, "--person", folders.clothes / "red.png", *inputs[2:])
        assert code == 2 and "red.png: not the photo that" in err

    def test_what_has_changed_since_is_named(self, viton: Viton, result: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        from viton_cli.pipelines import receipts, repeat

        monkeypatch.setattr(repeat, "__version__", "9.0")
        now = {name: dict(entry) for name, entry in receipts.shipped().items()}
        now["stage1"]["sha256"] = "other"
        del now["stage2"]
        monkeypatch.setattr(receipts, "shipped", lambda: now)
        code, out, _ = viton("doctor", result)
        told = out.decode()
        assert code == 1 and "made by viton 0.1.0; this is 9.0" in told and "weights stage2: not here" in told
        assert "weights stage1: others than it was made with" in told and "would not make the same" in told

    @pytest.mark.parametrize("ending", [".png", ".jpg"])
    def test_every_kind_of_picture_carries_it(self, viton: Viton, folders: SimpleNamespace, ending: str) -> None:
        result = folders.root / f"anna{ending}"
        person, garment = folders.people / "anna.png", folders.clothes / "red.png"
        viton("tryon", "--person", person, "--clothes", garment, "--out", result)
        code, out, _ = viton("doctor", result, "--person", person, "--clothes", garment)
        assert code == 0 and "every pixel the same" in out.decode()

    def test_a_folder_s_results_carry_it_too(self, viton: Viton, folders: SimpleNamespace) -> None:
        viton("tryon", "--person", folders.people, "--clothes", folders.clothes, "--out", folders.out)
        code, _, _ = viton("doctor", folders.out / "anna__red.png")
        assert code == 0

    def test_a_picture_without_one(self, viton: Viton, folders: SimpleNamespace) -> None:
        code, _, err = viton("doctor", folders.people / "anna.png")
        assert code == 3 and "holds no receipt" in err and err.count("\n") == 1
        (folders.root / "text.png").write_text("text")
        assert "text.png: not a picture but text" in viton("doctor", folders.root / "text.png")[2]
        code, _, err = viton("doctor", "--person", folders.people)
        assert code == 2 and "belong to a FILE" in err


class TestDryRuns:
    def test_every_command_that_works_has_one(self, viton: Viton, folders: SimpleNamespace) -> None:
        inputs = ["--person", folders.people, "--clothes", folders.clothes, "--out", folders.out, "--dry-run"]
        assert viton("tryon", *inputs)[1].startswith(b"would make 6 pairs")
        assert viton("prepare", *inputs)[1].startswith(b"would make 5 photos")
        assert not folders.out.exists()
        code, out, _ = viton("evaluate", "--results", folders.people, "--reference", folders.people, "--dry-run")
        assert (code, out) == (0, b"would score 2 results by all\n")
