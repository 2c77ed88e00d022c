"""The fitting room behind `viton demo`, and what is settled before a page is served. The page: tests/pages."""

from __future__ import annotations

import importlib.util
import os
import socket
import stat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image
from stand_ins import photo
from typer.testing import CliRunner

from viton_cli.cli import app
from viton_cli.config import DemoConfig
from viton_cli.errors import BadConfig, NothingUsable, VitonError
from viton_cli.files import temporary as temporary_files
from viton_cli.files.temporary import temporary, temporary_folder
from viton_cli.lights import LIGHTS, SAY_KIND, Check
from viton_cli.pipelines.demo import demo
from viton_cli.pipelines.demo.room import KINDS, Fitting, FittingRoom, Wish, in_the_page
from viton_cli.pipelines.demo.run import is_local, listening
from viton_cli.pipelines.demo.samples import MOST, samples
from viton_cli.pipelines.demo.visits import Visits
from viton_cli.pipelines.receipts import read_receipt


@pytest.fixture
def room(fakes: SimpleNamespace, tmp_path: Path) -> FittingRoom:
    made = FittingRoom(DemoConfig(), tmp_path / "room")
    made.load()
    return made


@pytest.fixture
def wish(tmp_path: Path) -> Wish:
    return Wish(photo(tmp_path / "given" / "anna.png"), photo(tmp_path / "given" / "shirt.png", (10, 200, 10)))


class TestRoom:
    def test_the_picture_is_the_file_that_tryon_writes(self, room: FittingRoom, wish: Wish, tmp_path: Path) -> None:
        done = room.dress(wish)
        out = tmp_path / "shell.png"
        words = ["tryon", "--person", str(wish.person), "--clothes", str(wish.garment), "--out", str(out)]
        assert CliRunner().invoke(app, words).exit_code == 0
        assert done.picture.read_bytes() == out.read_bytes() and done.picture.name == "anna__shirt.png"

    def test_what_is_shown(self, room: FittingRoom, wish: Wish) -> None:
        done = room.dress(wish)
        assert done.told["light"] == "doubtful" and 0 < done.told["changed"] < 1
        assert done.told["checks"] == [{"severity": "warn", "text": "sleeves change"}]
        assert [name for _, name in done.steps] == ["photo", "parse", "pose", "coarse image", "mask", "result"]
        before, after = (np.asarray(Image.open(path)).astype(int) for path in (done.before, done.after))
        assert before.shape == after.shape == (64, 48, 3) and np.abs(before - after)[10:20, 5:15].max() > 50
        assert all(path.is_file() for path in done.files) and room.dress(wish, steps=False).steps == []

    def test_a_turned_photo_is_shown_upright_and_comes_back_upright(self, room: FittingRoom, wish: Wish) -> None:
        picture, exif = Image.new("RGB", (64, 48), (90, 120, 150)), Image.Exif()
        exif[0x0112] = 6
        picture.save(wish.person, exif=exif)
        done = room.dress(wish)
        assert [Image.open(path).size for path in (done.before, done.after, done.picture)] == [(48, 64)] * 3

    def test_corrections_are_heard(self, room: FittingRoom, wish: Wish, tmp_path: Path) -> None:
        mask = np.zeros((64, 48), np.uint8)
        mask[20:40, 10:30] = 255
        Image.fromarray(mask).save(tmp_path / "given" / "m.png")
        plain, corrected = (
            room.dress(each)
            for each in (wish, Wish(wish.person, wish.garment, tmp_path / "given" / "m.png", kind="dress"))
        )
        before, after = read_receipt(plain.picture), read_receipt(corrected.picture)
        assert before.mask != after.mask
        assert (before.settings["kind"], after.settings["kind"]) == ("auto", "dress") and "dress" in KINDS

    @pytest.mark.parametrize(
        ("spoil", "words"),
        [
            (lambda w: w.person.write_bytes(b"no picture"), "anna.png: "),
            (lambda w: w.person.unlink(), "anna.png: is deleted by now"),
            (lambda w: Image.new("RGB", (64, 48)).save(w.person), "anna.png: no person found"),
            (lambda w: Image.new("RGB", (64, 48), "white").save(w.garment), "shirt.png: no garment found"),
            (lambda w: Image.new("RGB", (4, 4)).save(w.garment), "shirt.png: 4x4 pixels is too small"),
            (lambda w: Image.new("1", (30000, 20000)).save(w.garment), "shirt.png: "),
            (lambda w: Image.new("RGB", (64, 48), (255, 0, 0)).save(w.garment), "a defect of the toolkit (ValueError"),
        ],
    )
    def test_what_cannot_be_used_is_told_in_one_line_without_paths(
        self, room: FittingRoom, wish: Wish, spoil: Any, words: str
    ) -> None:
        spoil(wish)
        with pytest.raises(VitonError) as told:
            room.dress(wish)
        assert str(told.value).startswith(words)
        assert "\n" not in str(told.value) and str(wish.person.parent) not in str(told.value)

    def test_an_unknown_kind_is_named_with_those_there_are(self, room: FittingRoom, wish: Wish) -> None:
        with pytest.raises(BadConfig, match=r"kind: 'sock' is none of auto, top,"):
            room.dress(Wish(wish.person, wish.garment, kind="sock"))

    def test_a_cure_is_that_of_the_page(self) -> None:
        told = in_the_page("/tmp/x/g.png: looks like a skirt; if it is none, give --kind top", [Path("/tmp/x/g.png")])
        assert told == "g.png: looks like a skirt; if it is none, say so under Corrections"
        assert in_the_page("give a mask (--clothes-mask)") == "give a mask (under Corrections)"
        by_hand = (
            "another photo of the person, or joints by hand (--joints)",
            "labels by hand (--labels), or another photo",
        )
        assert [in_the_page(cure) for cure in by_hand] == ["another photo of the person", "another photo"]
        assert in_the_page(SAY_KIND) == "say what it is (under Corrections)"

    def test_large_pictures_are_shown_small_and_kept_whole(self, room: FittingRoom, wish: Wish) -> None:
        photo(wish.person, size=(1600, 1200))
        done: Fitting = room.dress(wish)
        assert max(Image.open(done.after).size) == 1400 and Image.open(done.picture).size == (1200, 1600)


class TestWords:
    """What the page is told of a result; needs Gradio, as the page does."""

    def test_light_quality_checks_and_cures_are_said_and_escaped(self) -> None:
        pytest.importorskip("gradio")
        from viton_cli.pipelines.demo.page import HEADLINES, verdict

        checks = [Check("<b>on the torso</b>", "bad", cure=SAY_KIND).as_dict(), Check("fine", "info").as_dict()]
        told = verdict({"light": "bad", "quality": 0.314, "checks": checks})
        assert HEADLINES["bad"] in told and "quality 0.31" in told and 'class="light bad"' in told
        assert "&lt;b&gt;on the torso" in told and "<span>say what it is (under Corrections)</span>" in told
        assert '<li class="good">fine</li>' in told
        assert set(HEADLINES) == set(LIGHTS)
        assert "quality" not in verdict({"light": "good", "quality": None, "checks": []})

    @pytest.mark.parametrize(("host", "warned"), [("127.0.0.1", False), ("0.0.0.0", True)])
    def test_who_else_can_reach_the_page_is_said(
        self, fakes: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, host: str, warned: bool
    ) -> None:
        pytest.importorskip("gradio")
        from viton_cli.pipelines.demo import server

        for name in ("GRADIO_TEMP_DIR", "GRADIO_ANALYTICS_ENABLED", "HF_HUB_OFFLINE", "HF_HUB_DISABLE_TELEMETRY"):
            monkeypatch.setenv(name, "")  # and back as it was
        served: list[bool] = []
        monkeypatch.setattr(server, "serve", lambda page, listener, local: served.append(local))
        ready: list[str] = []
        told: list[str] = []
        one = [str(photo(tmp_path / "p.png"))]
        demo(DemoConfig(host=host, port=0, person=one, clothes=one), ready.append, told.append)
        assert served == [not warned] and ready[0].startswith(f"http://{host}:")
        assert [line for line in told if line.startswith("warning: whoever reaches")] == told and bool(told) is warned
        assert os.environ["GRADIO_ANALYTICS_ENABLED"] == "False"


class TestVisits:
    def test_a_visitor_who_leaves_takes_along_what_is_nobody_elses(self, tmp_path: Path) -> None:
        own, shared, foreign = (photo(tmp_path / "room" / name / "p.png") for name in ("a", "b", "../elsewhere"))
        visits = Visits(tmp_path / "room")
        visits.note("one", own, shared, foreign)
        visits.note("two", shared)
        visits.leave("one")
        assert not own.parent.exists() and shared.exists() and foreign.exists()
        visits.leave("two")
        assert not shared.exists()

    def test_what_is_made_for_one_who_has_left_is_deleted_at_once(self, tmp_path: Path) -> None:
        visits = Visits(tmp_path)
        visits.leave("one")
        late = photo(tmp_path / "x" / "p.png")
        visits.note("one", late)
        assert not late.exists()


class TestSamples:
    def test_those_of_a_folder_and_not_what_is_none(self, tmp_path: Path) -> None:
        photo(tmp_path / "people" / "anna.png", size=(400, 300))
        (tmp_path / "people" / "torn.png").write_bytes(photo(tmp_path / "x.png").read_bytes()[:60])
        told: list[str] = []
        (found,) = samples([str(tmp_path / "people")], "people", tmp_path / "thumbs", told.append)
        assert (found.name, found.path.name, Image.open(found.thumb).size) == ("anna", "anna.png", (180, 240))
        assert any("torn.png" in line for line in told)

    def test_not_more_than_a_page_can_hold(self, tmp_path: Path) -> None:
        for number in range(MOST + 2):
            photo(tmp_path / "many" / f"{number}.png")
        told: list[str] = []
        assert len(samples([str(tmp_path / "many")], "people", tmp_path / "thumbs", told.append)) == MOST
        assert told == [f"{MOST} of {MOST + 2} examples are shown"]

    def test_a_folder_that_is_not_there_is_an_error_and_no_examples_are_none(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with pytest.raises(NothingUsable):
            samples([str(tmp_path / "gone")], "people", tmp_path / "thumbs", print)
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr("viton_cli.pipelines.demo.samples.SOURCE", tmp_path / "site")
        assert samples(None, "clothes", tmp_path / "thumbs", print) == []
        photo(tmp_path / "examples" / "clothes" / "g.png")
        assert [sample.name for sample in samples(None, "clothes", tmp_path / "thumbs", print)] == ["g"]


class TestBeforeThePage:
    @pytest.mark.parametrize(
        ("host", "local"),
        [("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("localhost", True), ("0.0.0.0", False),
         ("::", False), ("192.168.0.7", False), ("my.machine", False)],
    )  # fmt: skip
    def test_which_addresses_only_this_machine_reaches(self, host: str, local: bool) -> None:
        assert is_local(host) is local

    def test_a_port_that_is_taken_is_named(self) -> None:
        with listening("127.0.0.1", 0) as first:
            port = first.getsockname()[1]
            with pytest.raises(BadConfig, match=rf"--port {port}: .*--port 0"):
                listening("127.0.0.1", port)
            with pytest.raises(OSError):  # nobody else can have it either
                socket.create_server(("127.0.0.1", port))

    def test_an_address_that_is_none(self) -> None:
        with pytest.raises(BadConfig, match=r"--host no\.such\.host\.invalid: "):
            listening("no.such.host.invalid", 0)

    def test_without_gradio_the_exact_line_is_printed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        find = importlib.util.find_spec
        monkeypatch.setattr(importlib.util, "find_spec", lambda name, *a: None if name == "gradio" else find(name, *a))
        done = CliRunner().invoke(app, ["demo", "--port", "0"])
        assert done.exit_code == 2 and done.stderr == (
            "error: viton demo needs a package: pip install 'viton-cli[demo]'\n"
        )

    def test_the_folder_is_the_users_own_and_those_of_killed_runs_go(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(temporary_files.tempfile, "gettempdir", lambda: str(tmp_path))
        mine = str(os.getpid())
        left, running = temporary(tmp_path / "x"), temporary(tmp_path / "x")
        left = left.with_name(left.name.replace(f"-{mine}-", "-99999999-"))
        for folder in (left, running):
            photo(folder / "p.png")
        with temporary_folder() as folder:
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
            assert not left.exists() and running.exists()
            photo(folder / "deep" / "p.png")
        assert not folder.exists() and running.exists()
