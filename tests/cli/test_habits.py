"""Habits of a terminal: several values after a flag, nothing dropped in silence, choices, completion, colour, bars."""

from __future__ import annotations

import io
import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from tqdm import tqdm

from viton_cli.cli import COMMANDS
from viton_cli.cli.choices import REGISTRIES, choices, completion
from viton_cli.cli.console import Console, shorter
from viton_cli.cli.screen import Screen, aligned
from viton_cli.cli.train_bar import TrainBar
from viton_cli.files import Manifest, read_photo, sha256, write_image
from viton_cli.training.watch import Tick

Ran = tuple[int, bytes, str]
Viton = Callable[..., Ran]
ROOT = Path(__file__).parents[2]


def pairs(folders: SimpleNamespace) -> list[str]:
    return sorted(str(entry["output"]) for entry in Manifest(folders.out / "manifest.jsonl").read())


class TestInputs:
    @pytest.mark.parametrize(
        "people",
        [
            ["--person", "anna.png", "--person", "carl.png"],
            ["--person", "anna.png", "carl.png"],
            ["--person=anna.png", "carl.png"],
            ["--person", "[ac]*.png"],
        ],
        ids=["repeated", "several", "equals", "pattern"],
    )
    def test_several_people(self, viton: Viton, folders: SimpleNamespace, people: list[str]) -> None:
        folders.photo(folders.people / "carl.png")
        given = [
            word if word == "--person" else word.replace("=", f"={folders.people}/") if "=" in word
            else f"{folders.people}/{word}" for word in people
        ]  # fmt: skip
        code, _, _ = viton("tryon", *given, "--clothes", folders.clothes / "red.png", "--out", folders.out)
        assert code == 0 and pairs(folders) == ["anna__red.png", "carl__red.png"]

    def test_a_mask_of_each_garment(self, viton: Viton, folders: SimpleNamespace) -> None:
        for name in ("red", "green"):
            folders.photo(folders.root / f"masks/{name}.png", (255, 255, 255))
        masks = [folders.root / f"masks/{name}.png" for name in ("red", "green")]
        clothes = [folders.clothes / f"{name}.png" for name in ("red", "green")]
        code, _, err = viton(
            "tryon", "--person", folders.people, "--clothes", *clothes, "--clothes-mask", *masks, "--out", folders.out
        )
        assert code == 0 and "cut out automatically" not in err and len(pairs(folders)) == 4

    @pytest.mark.parametrize(
        ("more", "text"),
        [
            (["--out", "elsewhere"], "are both given; it takes one of them"),
            (["--steps", "--no-steps"], "--steps and --no-steps are both given"),
            (["--masks", "left.png"], "unexpected extra argument"),
            (["--pairing"], "--pairing needs a value"),
            (["--pairing", "--masks"], "--pairing needs a value"),
        ],
    )
    def test_nothing_given_is_dropped(self, viton: Viton, folders: SimpleNamespace, more: list[str], text: str) -> None:
        code, out, err = viton(
            "tryon", "--person", folders.people, "--clothes", folders.clothes, "--out", folders.out, *more
        )
        assert code == 2 and text in err and out == b"" and not folders.out.exists()

    def test_a_sub_command_is_no_value(self, viton: Viton) -> None:
        code, _, err = viton("train", "--data", "a", "b", "stage1")
        assert code == 2 and "give --data after 'train stage1'" in err

    @pytest.mark.parametrize("address", ["https://example.org/a.jpg", "HTTP://example.org/a.jpg", "s3://store/a.jpg"])
    def test_addresses_are_answered_in_words(self, viton: Viton, folders: SimpleNamespace, address: str) -> None:
        for flag in ("--person", "--weights", "--out"):
            code, _, err = viton("tryon", flag, address)
            assert code == 2 and err.startswith(f"error: {flag}: {address}: an address;") and "download it" in err
        code, _, err = viton("train", "--data", f"viton-hd:{address}", "--out", folders.out)
        assert code == 2 and "an address" in err

    def test_all_that_is_missing_or_wrong_is_named_at_once(self, viton: Viton) -> None:
        _, _, err = viton("tryon", "--warp", "papr", "--workers", "none")
        for text in ("'person'", "'clothes'", "'out'", "bad value for 'warp'", "bad value for 'workers'"):
            assert text in err
        assert err.count("\n") == 1


class TestSwappedFolders:
    @pytest.fixture
    def swapped(self, folders: SimpleNamespace) -> SimpleNamespace:
        """Garments that show nobody where people are meant, people where garments are."""
        for number in range(4):
            folders.photo(folders.root / f"flat/{number}.png", (0, 0, 0))
            folders.photo(folders.root / f"worn/{number}.png", (255, 0, 255))
        folders.people, folders.clothes = folders.root / "flat", folders.root / "worn"
        return folders

    @pytest.mark.parametrize("command", ["tryon", "prepare"])
    def test_are_guessed_and_said_once(self, viton: Viton, swapped: SimpleNamespace, command: str) -> None:
        _, _, err = viton(
            command, "--person", swapped.people, "--clothes", swapped.clothes, "--out", swapped.out,
            *(["--height", "96"] if command == "prepare" else []),
        )  # fmt: skip
        assert err.count("are the two swapped?") == 1

    def test_also_of_one_pair(self, viton: Viton, swapped: SimpleNamespace) -> None:
        code, _, err = viton(
            "tryon", "--person", swapped.people / "0.png", "--clothes", swapped.clothes / "0.png", "--out", "-"
        )
        assert code == 3 and err.rstrip().endswith("are the two swapped?") and err.count("\n") == 1

    def test_not_where_one_person_is_found_or_a_garment_shows_nobody(
        self, viton: Viton, swapped: SimpleNamespace
    ) -> None:
        swapped.photo(swapped.people / "1.png")
        assert (
            "swapped"
            not in viton("tryon", "--person", swapped.people, "--clothes", swapped.clothes, "--out", swapped.out)[2]
        )
        swapped.photo(swapped.clothes / "2.png", (10, 20, 30))
        (swapped.people / "1.png").unlink()
        assert (
            "swapped"
            not in viton(
                "tryon", "--person", swapped.people, "--clothes", swapped.clothes, "--out", swapped.root / "other"
            )[2]
        )


class TestChoices:
    @pytest.mark.parametrize("setting", REGISTRIES)
    def test_help_lists_what_is_registered_and_completion_gives_it(self, viton: Viton, setting: str) -> None:
        command = {"format": "prepare", "export": "prepare", "metrics": "evaluate"}.get(setting, "tryon")
        names = choices(setting)
        assert names and "fake" not in names
        flag = f"--{setting.replace('_', '-')}"
        assert f"{flag} {'|'.join(names)}".encode() in viton(command, "--help")[1]
        assert set(names) == {line.split(",")[-1] for line in complete(f"viton {command} {flag} ")}

    def test_the_last_of_several_is_completed(self) -> None:
        assert completion(("ssim", "lpips"), several=True)("ssim,l") == ["ssim,lpips"]

    def test_fixed_values_and_commands_are_completed_too(self) -> None:
        assert complete("viton tryon --warp pa") == ["parts", "paper"]
        assert complete("viton tr") == ["tryon", "train"]

    @pytest.mark.parametrize("command", [*COMMANDS, "train stage1", "evaluate perception"])
    def test_help_names_kinds_of_values_and_no_addresses(self, viton: Viton, command: str) -> None:
        out = viton(*command.split(), "--help")[1].decode()
        assert "0x" not in out and "function" not in out and "fake" not in out
        if command == "train":
            for text in ("--steps INTEGER", "--lr NUMBER", "--betas A,B", "--size HEIGHTxWIDTH", "[default: 256x192]"):
                assert text in out

    def test_the_stand_in_is_not_offered(self, viton: Viton, folders: SimpleNamespace) -> None:
        _, _, err = viton(
            "prepare", "--person", folders.people, "--out", folders.out, "--parsing", "fakee", "--pose", "fakee"
        )
        assert "fake'" not in err


def complete(line: str) -> list[str]:
    words = line.split()
    environment = {
        **os.environ, "COMP_WORDS": line, "COMP_CWORD": str(len(words) - (not line.endswith(" "))),
        "_VITON_COMPLETE": "complete_bash", "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }  # fmt: skip
    done = subprocess.run([sys.executable, "-m", "viton_cli"], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


class TestVoice:
    def test_version_in_short(self, viton: Viton) -> None:
        assert viton("-V") == viton("--version")

    def test_quiet_says_errors_alone(self, viton: Viton, folders: SimpleNamespace) -> None:
        (folders.people / "letter.jpg").write_text("dear reader")
        given = ["tryon", "--person", folders.people, "--clothes", folders.clothes, "--out", folders.out]
        code, out, err = viton(*given, "-q")
        assert (code, out) == (1, b"") and err.startswith("failed: ") and err.count("\n") == 1
        code, out, err = viton(*given, "-q", "--json")
        assert json.loads(out)["skipped"] == 6

    def test_verbose_says_what_is_done(self, viton: Viton, folders: SimpleNamespace) -> None:
        given = ["tryon", "--person", folders.people, "--clothes", folders.clothes, "--out", folders.out]
        _, _, silent = viton(*given)
        _, _, told = viton(*given, "-v", "--overwrite")
        assert silent == "" and "anna with red: " in told and "warp 0.250 s" in told

    def test_json_is_printed_on_errors_too(self, viton: Viton, folders: SimpleNamespace) -> None:
        code, out, err = viton("evaluate", "--results", folders.out, "--reference", folders.people, "--json")
        assert code == 3 and json.loads(out) == {"error": err.removeprefix("error: ").strip(), "exit": 3}


class TestTerminal:
    def run(self, *arguments: str, **variables: str) -> str:
        """What a command prints on a terminal."""
        leader, follower = pty.openpty()
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "120", **variables}
        with subprocess.Popen(
            [sys.executable, "-m", "viton_cli", *arguments], stdout=follower, stderr=follower, env=environment
        ) as process:
            os.close(follower)
            told = b""
            try:
                while part := os.read(leader, 65536):
                    told += part
            except OSError:  # the terminal is closed at the end
                pass
            process.wait()
        os.close(leader)
        return told.decode()

    def test_errors_are_red_and_plain_with_no_color(self) -> None:
        given = ("tryon", "--person", "nowhere", "--clothes", "nowhere", "--out", "nowhere")
        assert self.run(*given).startswith("\x1b[31merror: nowhere")
        assert "\x1b" not in self.run(*given, NO_COLOR="1")
        assert "\x1b" not in self.run(*given, TERM="dumb")

    def test_results_are_a_table_and_plain_with_no_color(self) -> None:
        told = self.run("licences")
        assert "\x1b[1mkind" in told and "\x1b[1mlicence" in told
        plain = self.run("licences", NO_COLOR="1")
        assert "\x1b" not in plain and "viton-cli" in plain and not plain.startswith("kind")

    def test_columns_without_a_terminal(self) -> None:
        assert aligned([("a", "bcd", "e"), ("fgh", "i", "jk")]) == "a    bcd  e\nfgh  i    jk"


class TestBar:
    def test_the_persons_name_stays_whole(self) -> None:
        assert shorter("anna__red.png", 40) == "anna__red.png"
        assert shorter("a-person-with-a-long-name__a-garment-with-one.png", 40) == (
            "a-person-with-a-long-name__a-garment-wi…"
        )
        assert shorter("a-person-with-a-long-name__red.png", 10) == "a-person-with-a-long-name__…"

    @pytest.mark.parametrize(("columns", "whole_bar"), [(200, True), (70, False)])
    def test_the_bar_gives_way_before_the_name(
        self, columns: int, whole_bar: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("COLUMNS", str(columns))
        stream, person = io.StringIO(), "a-person-with-a-name-of-forty-letters-xyz"
        console = Console("viton tryon", Screen())
        console.bar = tqdm(total=3, unit="pair", file=stream, ncols=columns, mininterval=0)
        console.advance(f"{person}__garment.png")
        console.bar.refresh()
        console.bar.close()
        last = stream.getvalue().split("\r")[-2]
        assert f"{person}__" in last and ("|" in last) == whole_bar and len(last) <= columns


class TestTrainBar:
    def test_step_loss_and_time_left_from_the_first_step(self, monkeypatch: pytest.MonkeyPatch) -> None:
        stream = io.StringIO()
        monkeypatch.setattr(stream, "isatty", lambda: True)
        monkeypatch.setattr("sys.stderr", stream)
        with TrainBar(Screen()) as bar:
            assert bar.is_shown
            bar.step("stage1", Tick(1, 200, 0.005, 0.75, 3725.0))
            assert "stage1 step 1/200, loss 0.7500, 1:02:05 left |" in stream.getvalue()
            bar.step("stage2", Tick(1, None, 0.01, 0.5, 65.0))
            assert "stage2 step 1, loss 0.5000, 1:05 left |" in stream.getvalue()
        assert not TrainBar(Screen(quiet=True)).is_shown


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
