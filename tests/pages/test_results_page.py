"""index.html of a try-on folder: what it is made from, and judged on in headless Chromium from the disk."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from browser import FAINT, Browser
from stand_ins import photo

from viton_cli.config import TryOnConfig
from viton_cli.files import Manifest, read_pairs
from viton_cli.pages import index
from viton_cli.pages.bundle import page as page_of
from viton_cli.pages.index import light_in, page_data, write_index
from viton_cli.pipelines.names import pair_name, safe
from viton_cli.pipelines.tryon import tryon

CARDS = "document.querySelectorAll('.result').length"
VIEWER = "document.querySelector('dialog[open]')"


class Folder:
    """A try-on folder as the page sees it: names as `TryOnFolder` gives them, a manifest written here."""

    def __init__(self, path: Path, entries: list[dict[str, Any]] | None = None) -> None:
        self.path, self.manifest = path, Manifest(path / "manifest.jsonl")
        if entries is not None:
            path.mkdir(parents=True, exist_ok=True)
            self.manifest.path.write_text("".join(json.dumps(entry) + "\n" for entry in entries), encoding="utf-8")

    def output(self, person: str, garment: str) -> Path:
        return self.path / f"{pair_name(person, garment)}.png"

    def strip(self, person: str, garment: str) -> Path:
        return self.path / "steps" / f"{pair_name(person, garment)}.jpg"

    def edited(self, person: str, garment: str) -> Path:
        return self.path / "edited" / f"{pair_name(person, garment)}.png"

    def thumb(self, kind: str, id: str, garment: str = "") -> Path:
        return self.path / "thumbs" / (f"{pair_name(id, garment)}.jpg" if kind == "pair" else f"{kind}/{safe(id)}.jpg")


def write(folder: Folder, ahead: int = 0) -> Path:
    write_index(folder, ahead)  # type: ignore[arg-type]
    return folder.path / "index.html"


def data_of(folder: Folder) -> dict[str, Any]:
    return page_data(folder, 0)  # type: ignore[arg-type]


def entries(people: int, garments: int) -> list[dict[str, Any]]:
    """Results in turn good, doubtful, bad; every 50th failed."""
    made = []
    for number in range(people * garments):
        person, garment = divmod(number, garments)
        checks: list[Any] = [[], ["sleeves change"], [{"severity": "bad", "text": "on the torso"}]][number % 3]
        entry = {"person": f"p{person:03d}", "garment": f"g{garment:03d}", "status": "ok", "checks": checks}
        entry |= {"quality": (number * 37 % 100) / 100, "changed": 0.2, "seconds": {"warp": 0.25, "person": 0.5}}
        if number % 50 == 49:
            entry |= {"status": "failed", "cause": f"p{person:03d}: no person found"}
        made.append(entry)
    return made


@pytest.fixture
def small(tmp_path: Path) -> Folder:
    """Six results with pictures, of two people in three garments."""
    folder = Folder(tmp_path / "out", [{**entry, "photo": f"../{entry['person']}.png"} for entry in entries(2, 3)])
    for entry in folder.manifest.read():
        ids = entry["person"], entry["garment"]
        photo(tmp_path / f"{ids[0]}.png")
        for path in (folder.output(*ids), folder.strip(*ids), folder.edited(*ids), folder.thumb("pair", *ids)):
            photo(path, (200, 30, 30))
        photo(folder.thumb("person", ids[0]))
        photo(folder.thumb("garment", ids[1]))
    return folder


def choose(page: Browser, name: str, value: str) -> float:
    """Choose in a list; milliseconds until the page shows it."""
    return float(
        page.js(
            f"(() => {{ const s = document.getElementById('{name}'); s.value = '{value}'; const t = performance.now();"
            " s.dispatchEvent(new Event('change')); document.body.getBoundingClientRect();"
            " return performance.now() - t; })()"
        )
    )


def counts(page: Browser) -> str:
    return str(page.js("document.querySelector('#counts').textContent"))


class TestData:
    def test_lights(self) -> None:
        assert light_in({"status": "failed", "light": "good"}) == "failed"
        assert light_in({"status": "ok", "light": "bad"}) == "bad"
        assert light_in({"status": "ok"}) == light_in({"status": "ok", "checks": []}) == "good"
        assert light_in({"status": "ok", "checks": ["sleeves change"]}) == "doubtful"
        severe = [
            {"severity": "info", "text": "a"},
            {"severity": "bad", "text": "b"},
            {"severity": "warn", "text": "c"},
        ]
        assert light_in({"status": "ok", "checks": severe}) == "bad"
        assert light_in({"status": "ok", "checks": severe[:1]}) == "good"

    def test_checks_have_their_severity_and_cure(self, tmp_path: Path) -> None:
        said: list[Any] = [
            "sleeves change",
            {"severity": "info", "text": "a"},
            {"severity": "bad", "text": "b", "cure": "c"},
        ]
        folder = Folder(tmp_path, [{"person": "p", "garment": "g", "status": "ok", "checks": said}])
        assert data_of(folder)["checks"] == [["sleeves change", "warn", ""], ["a", "info", ""], ["b", "bad", "c"]]

    def test_names_become_links_and_never_markup(self, tmp_path: Path) -> None:
        odd = ["a b#1?.x", "</script><b>", "ü/ö", "100%"]
        folder = Folder(
            tmp_path, [{"person": name, "garment": "g", "status": "ok", "photo": f"../{name}.jpg"} for name in odd]
        )
        text = write(folder).read_text(encoding="utf-8")
        assert text.count("</script>") == 2 and "<b>" not in text
        data = data_of(folder)
        assert [person["id"] for person in data["people"]] == odd
        assert data["people"][0]["photo"] == "../a%20b%231%3F.x.jpg" and data["people"][3]["photo"] == "../100%25.jpg"

    def test_only_files_that_are_there_are_linked(self, small: Folder) -> None:
        small.strip("p000", "g000").unlink()
        data = data_of(small)
        assert [result[6] for result in data["results"]] == ["ftm", *["ftsm"] * 5]
        assert data["people"][0]["thumb"] == "thumbs/person/p000.jpg"

    def test_lines_without_a_pair_are_passed_over(self, tmp_path: Path) -> None:
        assert (
            data_of(Folder(tmp_path, [{"kind": "person", "id": "x"}, {"person": 3, "garment": "g"}]))["results"] == []
        )

    def test_modules_are_put_in_once_and_the_policy_forbids_connections(self) -> None:
        text = page_of("results", "t", {"results": [], "people": [], "garments": [], "checks": [], "ahead": 0})
        assert text.count("class Zoom ") == text.count("class Keep ") == text.count("function h(") == 1
        assert "\nimport " not in text and "\nexport " not in text
        assert "default-src 'none'" in text and "connect-src" not in text


class TestRuns:
    pytestmark = pytest.mark.usefixtures("fakes")

    def config(self, folders: SimpleNamespace, **more: Any) -> TryOnConfig:
        where = {"person": str(folders.people), "clothes": str(folders.clothes), "out": str(folders.out)}
        return TryOnConfig(**{**where, **more})

    def data(self, folders: SimpleNamespace) -> dict[str, Any]:
        text = (folders.out / "index.html").read_text(encoding="utf-8")
        found: dict[str, Any] = json.loads(text.split('id="data">')[1].split("</script>")[0])
        return found

    def test_a_partial_run_does_not_drop_the_others(self, folders: SimpleNamespace, fakes: SimpleNamespace) -> None:
        tryon(self.config(folders))
        assert len(self.data(folders)["results"]) == 6 and self.data(folders)["ahead"] == 0
        tryon(self.config(folders, person=str(folders.people / "anna.png"), overwrite=True))
        data = self.data(folders)
        assert len(data["results"]) == 6 and {person["id"] for person in data["people"]} == {"anna", "sub dir/bert ü"}
        photos = [folders.out / person["photo"].replace("%20", " ").replace("%C3%BC", "ü") for person in data["people"]]
        assert all(path.is_file() for path in photos), "before and after are the photo and its result"

    def test_it_is_there_while_the_run_goes_on(
        self, folders: SimpleNamespace, fakes: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(index, "PAUSE", 0.0)
        monkeypatch.setattr(index, "SHARE", 0)
        seen = []
        run = fakes.method.dress

        def look(*given: Any, **more: Any) -> Any:
            seen.append(self.data(folders)["ahead"])
            return run(*given, **more)

        monkeypatch.setattr(fakes.method, "dress", look)
        tryon(self.config(folders))
        assert seen == [6, 5, 4, 3, 2, 1] and self.data(folders)["ahead"] == 0

    def test_it_is_not_written_more_often_than_it_may(
        self, folders: SimpleNamespace, fakes: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        written: list[int] = []
        monkeypatch.setattr(index, "write_index", lambda folder, ahead=0: written.append(ahead))
        tryon(self.config(folders))
        assert written == [6]

    def test_a_run_that_was_stopped_shows_what_it_made(
        self, folders: SimpleNamespace, fakes: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run = fakes.method.dress

        def stop(*given: Any, **more: Any) -> Any:
            if len(fakes.method.pairs) >= before + 2:
                raise KeyboardInterrupt
            return run(*given, **more)

        before = len(fakes.method.pairs)
        monkeypatch.setattr(fakes.method, "dress", stop)
        with pytest.raises(KeyboardInterrupt):
            tryon(self.config(folders))
        assert len(self.data(folders)["results"]) == 2 and self.data(folders)["ahead"] == 0


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
