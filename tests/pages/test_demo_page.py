"""`viton demo` with the shipped networks: clicked through in headless Chromium, and called by a program."""

from __future__ import annotations

import http.client
import importlib.util
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from browser import FAINT, PATIENCE, Browser
from PIL import Image

import viton_cli
from viton_cli.pipelines.receipts import read_receipt
from viton_cli.pipelines.tryon import TryOnResult

HERE = importlib.util.find_spec("gradio") is not None or os.environ.get("BROWSER_TESTS") == "required"
pytestmark = pytest.mark.skipif(not HERE, reason="Gradio is not installed: pip install '.[demo]'")

ROOT = Path(__file__).parents[2]
PERSON, GARMENT = (ROOT / "examples" / path for path in ("people/p01.jpg", "clothes/g05.jpg"))
DOCS = ROOT / "docs" / "demo.md"
READY = "document.querySelector('#go') && document.querySelector('#person input[type=file]')"
SHOWN = "[...document.querySelectorAll('#slider img')].filter((i) => i.naturalWidth).length === 2"
FAILED = "document.querySelector('#words .failed')"


class Demo:
    """A running `viton demo`.

    Attributes:
        address: Of its page. place: Where its temporary folder is.
    """

    def __init__(self, place: Path) -> None:
        self.place = place
        source = str(Path(viton_cli.__file__).parents[1])
        more = {"TMPDIR": str(place), "PYTHONPATH": os.pathsep.join([source, os.environ.get("PYTHONPATH", "")])}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "viton_cli", "demo", "--port", "0", "--json"],
            cwd=ROOT, env={**os.environ, **more}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.process.communicate()[1]
        self.address: str = json.loads(line)["address"]
        self.port = urlsplit(self.address).port or 0

    def files(self) -> list[Path]:
        """What there is of visitors: pictures, small copies of the examples aside."""
        found = [path for path in self.place.rglob("*") if path.is_file() and path.suffix in (".jpg", ".png")]
        return [path for path in found if path.parent.name not in ("people", "clothes")]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    running = Demo(tmp_path_factory.mktemp("demo"))
    try:
        yield running
    finally:
        running.process.terminate()
        running.process.communicate(timeout=PATIENCE)


@pytest.fixture(scope="module")
def expected() -> TryOnResult:
    return viton_cli.TryOn().run(PERSON, GARMENT)


def choose(page: Browser, place: str, path: Path) -> None:
    """Give a file, and wait until the page shows it, or has taken what cannot be shown."""
    page.upload(f"#{place} input[type=file]", path)
    page.wait(f"document.querySelector('#{place} img')?.complete")


def opened(page: Browser, demo: Demo, width: int = 1400) -> Browser:
    page.open(demo.address, width=width, height=844)
    page.wait(READY)
    return page


class TestClickedThrough:
    def test_a_photo_and_a_garment_give_a_result_that_can_be_kept(
        self, page: Browser, demo: Demo, expected: TryOnResult
    ) -> None:
        opened(page, demo)
        choose(page, "person", PERSON)
        page.click("#examples-garments button:nth-of-type(5)")
        page.wait("document.querySelector('#garment img')?.naturalWidth")
        page.click("#go")
        page.wait(SHOWN)
        page.wait("document.querySelector('#words .good, #words .doubtful')?.textContent")
        page.wait("document.querySelector('#keep')")
        page.click("#keep")
        kept = page.downloaded("p01__g05.png")
        assert Image.open(kept).size == Image.open(PERSON).size
        assert (np.asarray(Image.open(kept)) == expected.image).all()
        assert read_receipt(kept) == expected.receipt
        page.click("#steps button")
        page.wait("[...document.querySelectorAll('#strip img')].filter((i) => i.naturalWidth).length >= 10")
        names = page.js("[...document.querySelectorAll('#strip .caption-label')].map((e) => e.textContent.trim())")
        assert names[:2] == ["photo", "garment"] and names[-1] == "result"
        assert page.foreign(demo.address) == [] and page.errors == []

    def test_the_divider_moves(self, page: Browser, demo: Demo) -> None:
        opened(page, demo)
        for kind in ("people", "garments"):
            page.click(f"#examples-{kind} button:nth-of-type(2)")
        page.wait("document.querySelectorAll('#person img, #garment img').length === 2")
        page.click("#go")
        page.wait(SHOWN)
        handle = "document.querySelector('#slider [role=slider], #slider .outer')"
        where = f"Math.round({handle}.getBoundingClientRect().left)"
        before = page.js(where)
        x, y = page.middle("#slider .outer")
        page.mouse("mousePressed", x, y)
        for step in range(1, 6):
            page.mouse("mouseMoved", x - 20 * step, y, buttons=1)
        page.mouse("mouseReleased", x - 100, y)
        page.wait(f"{where} < {before} - 50")

    def test_nothing_chosen_a_torn_file_and_no_person_are_answered_in_words(
        self, page: Browser, demo: Demo, tmp_path: Path
    ) -> None:
        opened(page, demo)
        page.click("#go")
        page.wait(f"{FAILED}?.nextSibling.textContent === 'no photo of a person yet'")
        torn = tmp_path / "torn.jpg"
        torn.write_bytes(PERSON.read_bytes()[:3000])
        wall = tmp_path / "wall.png"
        Image.new("RGB", (300, 400), (150, 140, 130)).save(wall)
        page.click("#examples-garments button:nth-of-type(5)")
        page.wait("document.querySelector('#garment img')?.naturalWidth")
        for path in (torn, wall):
            page.js("document.querySelector('#person button[aria-label=Clear]')?.click()")
            page.wait("document.querySelector('#person input[type=file]')")
            choose(page, "person", path)
            page.click("#go")
            page.wait(f"{FAILED}?.nextSibling.textContent.startsWith('{path.name}: ')")
            told = page.js(f"{FAILED}.nextSibling.textContent")
            assert "\n" not in told and "viton-" not in told and len(told) < 300
            assert not page.js("document.querySelector('#keep')")

    def test_a_file_that_is_too_large_is_refused_in_words(self, page: Browser, demo: Demo, tmp_path: Path) -> None:
        opened(page, demo)
        with (tmp_path / "huge.png").open("wb") as file:
            file.truncate(101 * 1024 * 1024)
        page.upload("#person input[type=file]", tmp_path / "huge.png")
        page.wait("/size/i.test(document.querySelector('.toast-wrap, .toast-body')?.textContent)")

    def test_corrections_are_heard(self, page: Browser, demo: Demo, expected: TryOnResult) -> None:
        opened(page, demo)
        choose(page, "person", PERSON)
        choose(page, "garment", GARMENT)
        page.click("#corrections button")
        page.wait("document.querySelector('#mask input[type=file]')")
        choose(page, "mask", ROOT / "examples" / "clothes_mask" / "g01.png")
        page.click("#kind input")
        page.wait("document.querySelector('[role=option][data-value], [role=option]')")
        page.js("[...document.querySelectorAll('[role=option]')].find((e) => e.textContent.includes('a dress'))"
                ".dispatchEvent(new MouseEvent('mousedown', {bubbles: true}))")  # fmt: skip
        page.click("#go")
        page.wait(SHOWN)
        page.click("#keep")
        receipt = read_receipt(page.downloaded("p01__g05.png"))
        assert receipt.settings["kind"] == "dress"
        assert receipt.mask != expected.receipt.mask

    def test_on_a_phone(self, page: Browser, demo: Demo) -> None:
        opened(page, demo, width=390)
        assert page.js("document.scrollingElement.scrollWidth") == 390
        page.tap("#examples-people button:nth-of-type(3)")
        page.wait("document.querySelector('#person img')?.naturalWidth")
        page.tap("#examples-garments button:nth-of-type(2)")
        page.wait("document.querySelector('#garment img')?.naturalWidth")
        page.tap("#go")
        page.wait(SHOWN)
        page.tap("#steps button")
        page.wait("document.querySelectorAll('#strip img').length >= 10")
        assert page.js("document.scrollingElement.scrollWidth") == 390
        left, right = page.js(
            "(({left, right}) => [left, right])(document.querySelector('#slider').getBoundingClientRect())"
        )
        assert left >= 0 and right <= 390
        page.tap("#keep")
        assert Image.open(page.downloaded("p03__g02.png")).size == (768, 1024)

    @pytest.mark.parametrize("dark", [False, True])
    def test_contrast(self, page: Browser, demo: Demo, dark: bool) -> None:
        page.open(demo.address, width=1400, height=844, dark=dark)
        page.wait(READY)
        assert page.js(FAINT) == []


class TestKept:
    def test_nothing_is_when_the_page_is_closed(self, page: Browser, demo: Demo) -> None:
        opened(page, demo)
        choose(page, "person", PERSON)
        choose(page, "garment", GARMENT)
        page.click("#go")
        page.wait(SHOWN)
        assert {path.name for path in demo.files()} >= {"p01.jpg", "g05.jpg", "p01__g05.png"}
        page.open_blank()
        ends = time.monotonic() + PATIENCE
        while demo.files():
            assert time.monotonic() < ends, demo.files()
            time.sleep(0.2)

    def test_nothing_is_in_the_browser(self, page: Browser, demo: Demo) -> None:
        opened(page, demo)
        assert page.js("Promise.resolve(indexedDB.databases()).then((all) => all.length)") == 0
        assert page.js("Object.keys(localStorage).length + document.cookie.length") == 0

    def test_nothing_is_after_the_end(self, tmp_path: Path) -> None:
        running = Demo(tmp_path)
        assert list(tmp_path.iterdir())
        running.process.send_signal(signal.SIGINT)
        assert "Traceback" not in running.process.communicate(timeout=PATIENCE)[1]
        assert running.process.returncode == 130 and list(tmp_path.iterdir()) == []


class TestCalled:
    def test_the_example_of_the_docs(self, demo: Demo, tmp_path: Path, expected: TryOnResult) -> None:
        (code,) = re.findall(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.S)
        code = code.replace("http://127.0.0.1:7860/", demo.address)
        before = Path.cwd()
        os.chdir(ROOT)
        names: dict[str, object] = {}
        try:
            exec(code.replace('"dressed.png"', repr(str(tmp_path / "dressed.png"))), names)
        finally:
            os.chdir(before)
        assert (np.asarray(Image.open(tmp_path / "dressed.png")) == expected.image).all()
        told = names["told"]
        assert isinstance(told, dict) and told["light"] in ("good", "doubtful") and told["changed"] > 0.05

    def test_what_cannot_be_done_is_told_and_no_address_is_fetched(self, demo: Demo, tmp_path: Path) -> None:
        from gradio_client import Client, handle_file
        from gradio_client.exceptions import AppError

        client = Client(demo.address, verbose=False)
        bad = tmp_path / "bad.png"
        bad.write_bytes(b"no picture")
        good = handle_file(GARMENT)
        with pytest.raises(AppError, match=r"bad\.png: "):
            client.predict(handle_file(bad), good, "auto", None, api_name="/tryon")
        with pytest.raises(AppError, match="'sock' is none of auto, top"):
            client.predict(handle_file(PERSON), good, "sock", None, api_name="/tryon")
        assert list(client.view_api(return_format="dict")["named_endpoints"]) == ["/tryon"]
        uploaded = client.predict(handle_file(PERSON), good, "auto", None, api_name="/tryon")[0]
        assert read_receipt(Path(uploaded)).settings["kind"] == "auto"

    @pytest.mark.parametrize(
        ("path", "words"),
        [("http://192.0.2.1/p.jpg", "http://192.0.2.1/p.jpg: an address; "), (str(PERSON), "")],
        ids=["address", "file of the machine"],
    )
    def test_only_what_was_uploaded_is_read(self, demo: Demo, path: str, words: str) -> None:
        given = {"path": path, "meta": {"_type": "gradio.FileData"}}
        body = json.dumps({"data": [given, given, "auto", None]})
        connection = http.client.HTTPConnection("127.0.0.1", demo.port, timeout=PATIENCE)
        connection.request("POST", "/gradio_api/call/tryon", body, {"Content-Type": "application/json"})
        event = json.loads(connection.getresponse().read())["event_id"]
        connection.request("GET", f"/gradio_api/call/tryon/{event}")
        told = connection.getresponse().read().decode()
        assert "event: error" in told and words in told

    def test_who_asks_by_another_name_is_refused(self, demo: Demo) -> None:
        for host, status in ((f"127.0.0.1:{demo.port}", 200), ("evil.example", 400)):
            connection = http.client.HTTPConnection("127.0.0.1", demo.port)
            connection.request("GET", "/", headers={"Host": host})
            answer = connection.getresponse()
            assert answer.status == status
            assert "default-src 'self'" in (
                answer.headers["Content-Security-Policy"] or (status == 400 and "default-src 'self'")
            )
            connection.close()

    def test_only_this_machine_is_listened_to(self, demo: Demo) -> None:
        try:
            own = socket.gethostbyname(socket.gethostname())
        except OSError:
            pytest.skip("this machine has no other address")
        if own.startswith("127."):
            own = "127.0.0.2"
        with pytest.raises(OSError):
            socket.create_connection((own, demo.port), timeout=2)
