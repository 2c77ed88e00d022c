"""The contract of the command line: exit codes, one line for a mistake, pipes, resuming."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from viton_cli.cli import COMMANDS
from viton_cli.cli.settings import guarded
from viton_cli.errors import BadConfig, NothingUsable
from viton_cli.files import Manifest, decode_photo, read_photo, sha256

SUB_COMMANDS = ("train stage1", "train perception", "evaluate perception", "evaluate sheet", "evaluate votes")
Ran = tuple[int, bytes, str]
Viton = Callable[..., Ran]


def tryon(folders: SimpleNamespace, *more: object) -> list[object]:
    return ["tryon", "--person", folders.people, "--clothes", folders.clothes, "--out", folders.out, *more]


class TestHelp:
    def test_is_quick_and_loads_nothing_heavy(self) -> None:
        code = "import sys, time; from viton_cli.__main__ import main\ntry: main()\nexcept SystemExit: pass\n"
        code += "print([m for m in ('torch', 'numpy', 'PIL', 'pydantic') if m in sys.modules], file=sys.stderr)\n"
        code += "print(time.process_time(), file=sys.stderr)"
        done = subprocess.run([sys.executable, "-c", code, "--help"], capture_output=True, text=True, check=True)
        loaded, seconds = done.stderr.splitlines()
        assert float(seconds) < 0.5, "of processor time, which a busy machine does not stretch"
        assert loaded == "[]" and all(command in done.stdout for command in COMMANDS)

    def test_importing_the_package_loads_no_torch(self) -> None:
        code = "import sys, viton_cli; viton_cli.errors.VitonError; sys.exit('torch' in sys.modules)"
        assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

    @pytest.mark.parametrize(
        "command",
        [
            *COMMANDS,
            "train stage1",
            "train garment",
            "train release",
            "evaluate perception",
            "evaluate sheet",
            "evaluate votes",
        ],
    )
    def test_every_command_explains_itself(self, viton: Viton, command: str) -> None:
        code, out, _ = viton(*command.split(), "--help")
        assert code == 0 and b"Usage: viton " in out
        if command == "tryon":
            assert b"[default: all]" in out and b"parts|paper" in out and b"--no-steps" in out

    def test_version(self, viton: Viton) -> None:
        from viton_cli import __version__

        assert viton("--version")[1].decode().strip() == f"viton {__version__}"


class TestWrongUsage:
    @pytest.mark.parametrize(
        ("arguments", "text"),
        [
            (["tryonn"], "tryon"),
            (["tryon", "--persn", "x"], "--persn"),
            (["tryon", "--person", "x"], "error: missing settings 'clothes', 'out': give --clothes, --out"),
            (["tryon", "--set", "metod=x"], "did you mean 'method'"),
            (["evaluate", "--results", "x", "--reference", "y", "--metrics", "ssmi"], "did you mean 'ssim'"),
            (["train", "--data", "x", "stage1"], "give --data after 'train stage1'"),
            (["prepare", "--out", "x"], "give --person, --clothes, or --dataset"),
        ],
    )
    def test_is_exit_2_and_says_what_is_wrong(self, viton: Viton, arguments: list[str], text: str) -> None:
        code, out, err = viton(*arguments)
        assert code == 2 and text in err and out == b""
        assert not err.startswith("error:") or err.count("\n") == 1

    def test_bad_pairs_methods_and_pipes(self, viton: Viton, folders: SimpleNamespace) -> None:
        (folders.root / "p.txt").write_text("anna rot\n")
        assert (
            "p.txt:1: there is no garment called 'rot'"
            in viton(*tryon(folders, "--pairing", folders.root / "p.txt"))[2]
        )
        code, _, err = viton(*tryon(folders, "--method", "vitom"))
        assert code == 2 and "unknown method 'vitom' (did you mean 'viton'?)" in err
        code, _, err = viton("tryon", "--person", folders.people, "--clothes", folders.clothes, "--out", "-")
        assert code == 2 and "exactly one pair" in err

    def test_an_output_that_cannot_be_written(self, viton: Viton, folders: SimpleNamespace) -> None:
        (folders.root / "file").write_text("in the way")
        folders.out = folders.root / "file" / "out"
        code, _, err = viton(*tryon(folders))
        assert code == 2 and err.startswith("error: ") and "out" in err and "Traceback" not in err


class TestExitCodes:
    def test_all_done(self, viton: Viton, folders: SimpleNamespace) -> None:
        code, out, _ = viton(*tryon(folders))
        assert code == 0 and out.decode().startswith("6 pairs done, 6 doubtful, 0 bad, 0 failed, 0 skipped; ")
        code, out, _ = viton(*tryon(folders))
        assert code == 0 and out.decode().startswith("0 pairs done, 6 doubtful, 0 bad, 0 failed, 6 skipped: ")

    @pytest.mark.parametrize(("fail_on", "expected"), [("never", 0), ("bad", 0), ("warn", 1)])
    def test_doubtful_results_fail_a_run_if_they_are_to(
        self, viton: Viton, folders: SimpleNamespace, fail_on: str, expected: int
    ) -> None:
        for again in ("--no-dry-run", "--quiet"):  # a second run, that skips everything, ends as the first
            code, _, err = viton(*tryon(folders, "--fail-on", fail_on, again))
            assert (code, err) == (expected, "")

    def test_some_failed(self, viton: Viton, folders: SimpleNamespace) -> None:
        (folders.people / "letter.jpg").write_text("dear reader")
        code, out, err = viton(*tryon(folders, "--json"))
        told = json.loads(out)
        assert code == 1 and (told["ok"], told["failed"]) == (6, 3) and told["seconds_per_pair"] >= 0
        assert told["lights"] == {"good": 0, "doubtful": 6, "bad": 0} and told["quality"] is None
        assert told["checks"] == [{"severity": "warn", "text": "sleeves change", "results": 6}]
        assert err == f"failed: {folders.people / 'letter.jpg'}: not a picture but text\n"

    def test_nothing_usable(self, viton: Viton, folders: SimpleNamespace) -> None:
        (folders.root / "none").mkdir()
        folders.people = folders.root / "none"
        code, _, err = viton(*tryon(folders))
        assert code == 3 and err.startswith("error: ") and "none" in err and err.count("\n") == 1
        (folders.root / "none/a.jpg").write_bytes(b"")
        code, _, err = viton(*tryon(folders))
        assert code == 3 and "the file is empty" in err
        assert {e["status"] for e in Manifest(folders.out / "manifest.jsonl").read()} == {"failed"}

    def test_errors_map_to_codes(self, capsys: pytest.CaptureFixture[str]) -> None:
        def fail(error: BaseException) -> int:
            def work() -> int:
                raise error

            return guarded(work)

        assert fail(BadConfig("x")) == 2 and fail(NothingUsable("x")) == 3 and fail(KeyboardInterrupt()) == 130
        assert capsys.readouterr().err.splitlines() == ["error: x", "error: x", "interrupted"]
        with pytest.raises(ZeroDivisionError):
            fail(ZeroDivisionError())


class TestPipes:
    def test_person_on_stdin_and_result_on_stdout(self, viton: Viton, folders: SimpleNamespace) -> None:
        data = (folders.people / "anna.png").read_bytes()
        code, out, err = viton(
            "tryon", "--person", "-", "--clothes", folders.clothes / "red.png", "--out", "-", stdin=data
        )
        result = decode_photo(out, "stdout").image
        assert code == 0 and (result[15, 10] == (200, 10, 10)).all() and "1 pair done" in err
        assert (result[30:] == read_photo(folders.people / "anna.png").image[30:]).all()

    def test_rubbish_on_stdin(self, viton: Viton, folders: SimpleNamespace) -> None:
        code, out, err = viton(
            "tryon", "--person", "-", "--clothes", folders.clothes, "--out", folders.out, stdin=b"hi"
        )
        assert (code, out, err) == (3, b"", "error: stdin: not a picture but text\n")

    def test_one_person_on_stdin_in_all_garments(self, viton: Viton, folders: SimpleNamespace) -> None:
        data = (folders.people / "anna.png").read_bytes()
        folders.people = "-"
        code, _, _ = viton(*tryon(folders), stdin=data)
        assert code == 0 and (folders.out / "stdin__tops+blue.png").is_file()


def test_prepare_exports_what_is_asked_for(viton: Viton, folders: SimpleNamespace) -> None:
    pairs = folders.root / "worn.csv"
    pairs.write_text("person,garment\nanna,red\nbert ü,tops/blue\n", encoding="utf-8")
    given = ["prepare", "--person", folders.people, "--clothes", folders.clothes, "--pairs", pairs, "--height", 256]
    code, out, err = viton(*given, "--test-share", 0, "--export", "cp-vton,viton", "--out", folders.out)
    assert code == 0 and b"5 photos done, 0 failed" in out, err
    assert len((folders.out / "cp-vton" / "train_pairs.txt").read_text().splitlines()) == 2
    assert len(list((folders.out / "viton" / "women_top").iterdir())) == 4
    assert "cp-vton: 2 people to train on, 0 to test" in err
    code, out, err = viton(*given, "--test-share", 0, "--export", "cp-vton", "--export", "viton", "--out", folders.out)
    assert code == 0 and b"5 skipped" in out
    code, _, err = viton(*given, "--export", "viton-hq", "--out", folders.root / "other")
    assert code == 2 and err.startswith("error: unknown export 'viton-hq' (did you mean 'viton-hd'?)")
    assert not (folders.root / "other").exists()


def test_a_few_pairs_of_many(viton: Viton, folders: SimpleNamespace) -> None:
    code, out, _ = viton(*tryon(folders, "--limit", 2, "--shuffle", "--seed", 4))
    assert code == 0 and b"2 pairs done" in out and len(list(folders.out.rglob("*__*.png"))) == 2
    code, _, err = viton(*tryon(folders, "--limit", 0))
    assert code == 2 and "'limit'" in err
    code, _, err = viton(*tryon(folders, "--pairing", "al"))
    assert code == 2 and "did you mean 'all'?" in err


def test_prepare_then_evaluate(viton: Viton, folders: SimpleNamespace) -> None:
    data = folders.root / "data"
    code, out, _ = viton(
        "prepare", "--person", folders.people, "--clothes", folders.clothes, "--out", data, "--height", 96
    )
    assert code == 0 and out.decode().startswith("5 photos done, 0 failed, 0 skipped; ")
    given = ["evaluate", "--results", data / "image", "--reference", data / "image", "--metrics", "ssim"]
    code, out, err = viton(*given)
    assert code == 0 and "1.0000" in out.decode() and "window 11" in out.decode() and "only 2" in err
    (score,) = json.loads(viton(*given, "--json")[1])["scores"]
    assert (score["name"], score["n"], score["value"]) == ("ssim", 2, pytest.approx(1))


def test_dry_run_says_how_much_lies_ahead(viton: Viton, folders: SimpleNamespace) -> None:
    code, out, _ = viton(*tryon(folders, "--dry-run"))
    assert code == 0 and "would make 6 pairs" in out.decode() and not folders.out.exists()


def test_settings_come_from_a_file_too(viton: Viton, folders: SimpleNamespace) -> None:
    file = folders.root / "c.yaml"
    file.write_text(f"person: {folders.people}\nclothes: {folders.clothes}\nmasks: true\n", encoding="utf-8")
    code, _, _ = viton("tryon", "--config", file, "--out", folders.out, "--set", "pairing=all")
    assert code == 0 and (folders.out / "edited/anna__red.png").is_file()


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C cannot be sent to one process there")
def test_ctrl_c_keeps_what_is_finished_and_says_how_to_carry_on(folders: SimpleNamespace) -> None:
    code = (
        "import sys, time, stand_ins, pytest\n"
        "patch = pytest.MonkeyPatch()\n"
        "stand_ins.install_fakes(patch)\n"
        "run = stand_ins.FakeMethod.dress\n"
        "def slow(*a, **k):\n"
        "    if stand_ins.FakeMethod.pairs: print('ready', flush=True); time.sleep(30)\n"
        "    return run(*a, **k)\n"
        "stand_ins.FakeMethod.dress = slow\n"
        "from viton_cli.__main__ import main\n"
        "main()\n"
    )
    arguments = [str(argument) for argument in tryon(folders)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), *sys.path])}
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "stopped after 1 of 6; the same command carries on" in err and "Traceback" not in err
    (entry,) = Manifest(folders.out / "manifest.jsonl").read()
    assert entry["status"] == "ok" and np.any(read_photo(folders.out / entry["output"]).image)
    assert not list(folders.out.rglob("*.tmp"))


def test_doctor_names_what_is_broken(viton: Viton, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from viton_cli import checkpoints
    from viton_cli.pipelines import doctor

    checkpoints.packaged.cache_clear()
    monkeypatch.setattr(checkpoints, "FOLDER", tmp_path)
    monkeypatch.setattr(doctor, "FOLDER", tmp_path)
    code, out, _ = viton("doctor")
    assert code == 1 and b"problem: " in out and b"no weights in this installation; mend it with: pip install" in out
    (tmp_path / "net.safetensors").write_bytes(b"weights")
    good = sha256(tmp_path / "net.safetensors")
    (tmp_path / "manifest.json").write_text(json.dumps({"net": {"sha256": good}}))
    code, out, _ = viton("doctor", "--json")
    told = json.loads(out)
    assert code == 0 and told["weights"]["net"]["ok"] and told["versions"]["torch"] and told["problems"] == []
    assert told["extras"]["mediapipe"]["install"] == "pip install 'viton-cli[mediapipe]'"
    checkpoints.packaged.cache_clear()
    (tmp_path / "net.safetensors").write_bytes(b"wejghts")
    code, out, _ = viton("doctor")
    assert code == 1 and any(line.split() == [b"weights", b"net", b"DAMAGED"] for line in out.splitlines())
    checkpoints.packaged.cache_clear()
