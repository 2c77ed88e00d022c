"""What a shell expects of a command: inputs of every kind, swapped folders named, choices said and completed."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
from calls import Viton

from viton_cli.cli import COMMANDS
from viton_cli.cli.choices import REGISTRIES, choices, completion
from viton_cli.files import Manifest


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

    @pytest.mark.parametrize("address", ["https://example.org/a.jpg", "HTTP://example.org/a.jpg"])
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
    @pytest.mark.parametrize("setting", [name for name in REGISTRIES if name != "methods"])
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
