"""The page of results in a browser: filters, viewer, keys, verdicts, widths."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from browser import FAINT, Browser
from results_folder import CARDS, VIEWER, Folder, choose, counts, entries, write

from viton_cli.files import read_pairs


class TestPage:
    def test_ten_thousand_results(self, page: Browser, tmp_path: Path) -> None:
        path = write(Folder(tmp_path / "out", entries(100, 100)))
        assert path.stat().st_size < 2e6
        page.open(path)
        page.wait(f"{CARDS} > 10")
        painted = "performance.getEntriesByName('first-contentful-paint')[0]"
        page.wait(painted)
        assert page.js(f"{painted}.startTime") < 2000
        assert page.js(CARDS) < 100, "only the rows near the window are in the document"
        assert counts(page).startswith("10000 of 10000 results")
        for name, value, number in (
            ("light", "bad", 3267), ("light", "failed", 200), ("light", "", 10000), ("person", "p042", 100),
            ("person", "", 10000), ("garment", "g007", 100), ("garment", "", 10000), ("sort", "worst", 10000),
        ):  # fmt: skip
            assert choose(page, name, value) < 200
            assert counts(page).startswith(f"{number} of 10000"), (name, value)
        first = "document.querySelector('.result .light').parentElement.textContent"
        assert page.js(first).endswith("0.00"), "the lowest quality first"
        page.click("#q")
        page.type("P04 torso")
        assert counts(page).startswith("333 of 10000"), "p040 to p049, without the failed; words in any case"
        page.js(
            "document.querySelector('#q').value = ''; document.querySelector('#q').dispatchEvent(new Event('input'))"
        )
        choose(page, "sort", "run")
        page.js("scrollTo(0, document.body.scrollHeight)")
        page.wait("document.querySelector('.result:last-child p[title=p099]')")
        assert page.js(CARDS) < 100
        images = "[...document.images].every((i) => i.getAttribute('width') && i.getAttribute('height'))"
        assert page.js(images) and page.foreign() == [] and page.errors == []

    def test_thumbnails_are_lazy_and_have_a_size(self, page: Browser, small: Folder) -> None:
        page.open(write(small))
        page.wait(f"{CARDS} === 6")
        assert page.js("[...document.images].every((i) => i.loading === 'lazy' && i.width && i.height)")
        page.wait("[...document.images].every((i) => i.complete && i.naturalWidth)")
        assert page.errors == []

    def test_keys_and_verdicts(self, page: Browser, small: Folder, tmp_path: Path) -> None:
        path = write(small)
        page.open(path)
        page.wait(f"{CARDS} === 6")
        page.click("[data-index='0'] button.open")
        page.wait(f"{VIEWER} && document.querySelector('.layer').naturalWidth")
        title = "document.querySelector('dialog h1').textContent"
        assert page.js(title) == "p000 in g000"
        page.wait("document.querySelector('.before img').naturalWidth")
        assert page.js("document.querySelector('.before img').src").endswith("/p000.png")
        page.key("k")
        page.key("ArrowRight")
        page.wait(f"{title} === 'p000 in g001'")
        page.key("x")
        page.key("ArrowRight")
        page.key("k")
        page.key("u")  # neither, after all
        page.key("Escape")
        page.wait(f"!{VIEWER}")
        assert counts(page) == "6 of 6 results · 1 kept · 1 rejected"
        page.js("new Promise((done) => setTimeout(done, 500))")  # closing gives the focus back a moment later
        page.js("document.querySelector('[data-index=\"5\"] button').focus()")
        page.wait("document.activeElement.closest('[data-index=\"5\"]') !== null")
        page.key("k")  # without opening it
        assert counts(page).endswith("2 kept · 1 rejected")
        page.open(path)
        page.wait(f"{CARDS} === 6")
        assert counts(page).endswith("2 kept · 1 rejected"), "kept in the browser"
        choose(page, "verdict", "open")
        assert counts(page).startswith("3 of 6")
        page.click("#save")
        saved = page.downloaded("verdicts*.jsonl")
        rows = [json.loads(line) for line in saved.read_text().splitlines()]
        assert [(row["person"], row["garment"], row["verdict"]) for row in rows] == [
            ("p000", "g000", "keep"), ("p000", "g001", "reject"), ("p001", "g002", "keep"),
        ]  # fmt: skip
        assert [row.verdict for row in read_pairs(saved)] == ["keep", "reject", "keep"], "it is a pairs file"
        page.js("localStorage.clear()")
        page.open(path)
        page.wait(f"{CARDS} > 0")
        page.upload("input[type=file]", saved)
        page.wait("document.querySelector('#counts').textContent.includes('2 kept · 1 rejected')")
        (tmp_path / "bad.jsonl").write_text('{"person": "p000", "garment": "g000", "verdict": "perhaps"}\n')
        page.upload("input[type=file]", tmp_path / "bad.jsonl")
        page.wait("document.querySelector('[role=alert]').textContent.startsWith('bad.jsonl: line 1 is not a verdict')")
        assert counts(page).endswith("2 kept · 1 rejected") and page.foreign() == [] and page.errors == []

    def test_slider_zoom_steps_and_edited_region(self, page: Browser, small: Folder) -> None:
        page.open(write(small))
        page.wait(f"{CARDS} === 6")
        page.click("[data-index='1'] button.open")
        page.wait("document.querySelector('.before img')?.naturalWidth")
        cut = "document.querySelector('dialog .pane').style.getPropertyValue('--cut')"
        page.key("]")
        assert page.js(cut) == "60%"
        x, y = page.middle("dialog .pane")
        left = page.js("document.querySelector('dialog .pane').getBoundingClientRect().left")
        page.mouse("mousePressed", x, y)
        page.mouse("mouseMoved", left + (x - left) / 2, y, buttons=1)
        page.mouse("mouseReleased", left + (x - left) / 2, y)
        assert abs(float(page.js(cut).rstrip("%")) - 25) < 1, "the picture takes the slider along"
        page.key("+")
        scale = "+document.querySelector('dialog .pane').style.getPropertyValue('--scale')"
        assert page.js(scale) == 1.5
        page.key("ArrowRight")
        assert page.js(scale) == 1, "the next one is whole again"
        page.key("s")
        assert page.js("document.querySelector('.layer').src").endswith("steps/p000__g002.jpg")
        page.key("m")
        assert page.js("document.querySelector('.layer.mask').src").endswith("edited/p000__g002.png")
        assert page.js("document.querySelector('#slider').checkVisibility()") is False
        page.key("m")
        assert page.js("document.querySelector('#slider').checkVisibility()")
        assert page.js("document.querySelector('dialog aside').textContent").startswith("■ bad■ bad on the torso")

    def test_a_photo_that_was_moved_is_shown_small(self, page: Browser, small: Folder, tmp_path: Path) -> None:
        (tmp_path / "p000.png").unlink()
        page.open(write(small))
        page.wait(f"{CARDS} === 6")
        page.click("[data-index='0'] button.open")
        page.wait("document.querySelector('.before img')?.src.endsWith('thumbs/person/p000.jpg')")
        page.wait("document.querySelector('.before img').naturalWidth")

    def test_filters_outlive_a_reload(self, page: Browser, small: Folder) -> None:
        path = write(small, ahead=3)
        page.open(path)
        page.wait(f"{CARDS} === 6")
        choose(page, "person", "p001")
        page.js("window.before = true; location.reload()")
        page.wait(f"!window.before && !!document.querySelector('#counts') && {CARDS} === 3")
        assert counts(page) == "3 of 6 results · 0 kept · 0 rejected; the run goes on, 3 pairs ahead"

    @pytest.mark.parametrize("dark", [False, True])
    @pytest.mark.parametrize("width", [390, 1400])
    def test_contrast_and_width(self, page: Browser, small: Folder, width: int, dark: bool) -> None:
        page.open(write(small), width=width, height=844, dark=dark)
        page.wait(f"{CARDS} > 1")
        assert page.js(FAINT) == [] and page.js("document.scrollingElement.scrollWidth") == width
        press = page.tap if width == 390 else page.click
        press("[data-index='0'] button.open")
        page.wait(VIEWER)
        assert page.js(FAINT) == [] and page.js("document.scrollingElement.scrollWidth") == width
        press("#keep")
        page.wait("document.querySelector('#counts').textContent.includes('1 kept')")
        press("[aria-label=close]")
        page.wait(f"!{VIEWER}")
