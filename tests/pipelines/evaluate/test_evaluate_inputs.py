"""What `viton evaluate` takes as results, references and pairs."""

from __future__ import annotations

import json
import os
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import yaml
from evaluating import SIZE, results, scored

from viton_cli.config import EvaluateConfig
from viton_cli.errors import BadConfig
from viton_cli.files import write_image, write_labels
from viton_cli.pipelines.evaluate.matching import match


class TestInputs:
    """Results and what they are compared with: files, folders, patterns, one or several."""

    def test_a_pattern_is_what_its_folder_is(self, wardrobe: SimpleNamespace) -> None:
        results(wardrobe)
        for beside in ("sheet.jpg", "edited/w1_a__w1_b.png", "thumbs/x.jpg"):
            write_image(wardrobe.out / beside, np.zeros((*SIZE, 3), np.uint8))
        (wardrobe.out / "index.html").write_text("page")
        lines = [{"person": "w1_a", "garment": "w1_b", "output": "odd.png", "status": "ok"}]
        (wardrobe.out / "w1_a__w1_b.png").rename(wardrobe.out / "odd.png")
        (wardrobe.out / "manifest.jsonl").write_text("\n".join(map(json.dumps, lines)))
        given: dict[str, Any] = {"reference": str(wardrobe.image / "*.png"), "person": wardrobe.image}
        whole, _ = match(wardrobe.out, EvaluateConfig(results=wardrobe.out, **given))
        for entries in (str(wardrobe.out / "*"), [str(path) for path in wardrobe.out.glob("*.png")]):
            assert match(entries, EvaluateConfig(results=entries, **given))[0] == whole
        assert len(whole) == 12 and ("w1_a", "w1_b") in {(item.person, item.garment) for item in whole}

    def test_several_folders_and_two_results_of_one_name(self, wardrobe: SimpleNamespace) -> None:
        results(wardrobe)
        (wardrobe.root / "more").mkdir()
        (wardrobe.out / "w1_a__w1_b.png").rename(wardrobe.root / "more/w1_a__w1_b.png")
        write_image(wardrobe.root / "more/w2_a__w2_b.png", np.zeros((*SIZE, 3), np.uint8))
        both = [wardrobe.out, wardrobe.root / "more"]
        pairs = wardrobe.root / "pairs.csv"
        items, notes = match(both, EvaluateConfig(results=both, reference=[wardrobe.image], pairs=pairs))
        names = [item.name for item in items]
        assert len(names) == len(set(names)) == 13 and "w1_a__w1_b" in names
        assert {f"{folder}/w2_a__w2_b" for folder in both} <= set(names)
        assert not any("have no result" in note for note in notes) and all(item.truth for item in items)

    def test_the_photos_of_a_run_that_had_several(self, wardrobe: SimpleNamespace) -> None:
        results(wardrobe)
        people = [str(path) for path in sorted(wardrobe.image.iterdir())]
        (wardrobe.out / "config.yaml").write_text(yaml.safe_dump({"person": [*people[:3], people[3][:-5] + "[b].png"]}))
        items, notes = match(wardrobe.out, EvaluateConfig(results=wardrobe.out))
        assert sum(item.photo is not None for item in items) == 8 and notes[0].startswith("photos left as they are")
        (wardrobe.out / "config.yaml").write_text("person: [gone]\n")
        notes = match(wardrobe.out, EvaluateConfig(results=wardrobe.out))[1]
        assert notes[0].startswith("gone, the photos of this run, is not there")

    def test_nothing_given_is_dropped_in_silence(self, wardrobe: SimpleNamespace) -> None:
        results(wardrobe)
        for folder in (wardrobe.out, wardrobe.image):
            os.mkfifo(folder / "pipe.png")
        _, notes = match(wardrobe.out, EvaluateConfig(results=wardrobe.out, reference=wardrobe.image))
        assert sum("pipe.png: passed over" in note for note in notes) == 2

    def test_labels_of_one_name_are_refused(self, wardrobe: SimpleNamespace) -> None:
        results(wardrobe)
        write_labels(wardrobe.labels / "more/w1_a.png", np.zeros(SIZE, np.uint8))
        with pytest.raises(BadConfig, match=r"are both labels of 'w1_a'"):
            scored(wardrobe, labels=wardrobe.labels, metrics=["cie76"])
        labels = [wardrobe.labels / f"{path.stem}.png" for path in wardrobe.image.iterdir()]
        found = scored(wardrobe, labels=labels, metrics=["cie76"])
        assert all("labels: given (viton)" in score.protocol for score in found.scores)
