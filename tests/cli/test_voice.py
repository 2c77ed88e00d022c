"""What is said, and how: quiet and loud, tables and bars on a terminal and in a pipe."""

from __future__ import annotations

import io
import json
import os
import pty
import subprocess
import sys
from types import SimpleNamespace

import pytest
from calls import ROOT, Viton
from tqdm import tqdm

from viton_cli.cli.console import Console, shorter
from viton_cli.cli.screen import Screen, aligned
from viton_cli.cli.train_bar import TrainBar
from viton_cli.training.watch import Tick


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
