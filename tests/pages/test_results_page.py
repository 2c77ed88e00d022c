"""The page of results: what it knows, and when a run writes it."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from results_folder import Folder, data_of, write

from viton_cli.config import TryOnConfig
from viton_cli.pages import index
from viton_cli.pages.bundle import page as page_of
from viton_cli.pages.index import light_in
from viton_cli.pipelines.tryon import tryon


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
