"""The try-on folder: what is in it, pairs, settings, odd manifests."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from running import files, manifest, run

from viton_cli.config import TryOnConfig
from viton_cli.errors import BadConfig, BadImage, NoPersonFound, VitonError
from viton_cli.files import read_photo
from viton_cli.pipelines.tryon import TryOn, tryon

pytestmark = pytest.mark.usefixtures("fakes")


def test_every_person_in_every_garment(folders: SimpleNamespace, fakes: SimpleNamespace) -> None:
    done = run(folders)
    assert (done.ok, done.failed, done.skipped) == (6, 0, 0)
    assert len(fakes.finder.found) == 2, "a person is looked at once"
    assert sorted(p.relative_to(folders.out).as_posix() for p in folders.out.rglob("*__*.png")) == [
        "anna__green.png", "anna__red.png", "anna__tops+blue.png",
        "sub dir/bert ü__green.png", "sub dir/bert ü__red.png", "sub dir/bert ü__tops+blue.png",
    ]  # fmt: skip
    entry = manifest(folders)["anna", "tops/blue"]
    assert entry["output"] == "anna__tops+blue.png" and entry["status"] == "ok" and entry["cause"] is None
    assert entry["edited"] == [5, 10, 15, 20] and entry["changed"] == round(100 / (64 * 48), 5)
    assert entry["checks"] == [{"severity": "warn", "text": "sleeves change"}] and entry["light"] == "doubtful"
    assert entry["quality"] is None and entry["seconds"]["warp"] == 0.25


def test_outside_the_edited_region_the_file_is_the_photo(folders: SimpleNamespace) -> None:
    run(folders, masks=True)
    for out, mask in (("anna__red", "anna__red"), ("sub dir/bert ü__green", "sub dir/bert ü__green")):
        result = read_photo(folders.out / f"{out}.png").image
        edited = read_photo(folders.out / "edited" / f"{mask}.png").image[..., 0] > 0
        source = read_photo(folders.people / f"{out.split('__')[0]}.png").image
        np.testing.assert_array_equal(result[~edited], source[~edited])
        assert (result[edited] != source[edited]).all()


def test_folder_holds_what_the_documentation_says(folders: SimpleNamespace) -> None:
    run(folders, steps=True)
    there = files(folders.out)
    assert {"config.yaml", "index.html", "manifest.jsonl", "sheet.jpg", "steps/anna__red.jpg"} <= set(there)
    assert not [name for name in there if name.endswith(".tmp")]
    page = (folders.out / "index.html").read_text(encoding="utf-8")
    assert '"sub%20dir/bert%20%C3%BC__red"' in page and "http" not in page.replace("http-equiv", "")
    with Image.open(folders.out / "steps/anna__red.jpg") as strip:
        assert strip.width > 5 * 192  # photo, parse, pose, coarse image, mask, result


def test_names_are_escaped_in_the_page(folders: SimpleNamespace) -> None:
    folders.photo(folders.people / "<b>&.png")
    run(folders)
    page = (folders.out / "index.html").read_text(encoding="utf-8")
    assert "\\u003cb>&" in page and "<b>&" not in page


class TestOnePair:
    def test_to_a_file_and_from_python_alike(self, folders: SimpleNamespace) -> None:
        target = folders.root / "deep" / "one.png"
        done = run(
            folders, person=str(folders.people / "anna.png"), clothes=str(folders.clothes / "red.png"), out=str(target)
        )
        assert done.ok == 1
        result = TryOn().run(folders.people / "anna.png", Image.open(folders.clothes / "red.png"))
        np.testing.assert_array_equal(read_photo(target).image, result.image)
        again = TryOn().run(read_photo(folders.people / "anna.png").image, folders.clothes / "red.png", steps=True)
        np.testing.assert_array_equal(again.image, result.image)
        assert list(again.steps) == ["coarse image", "mask"]

    def test_several_pairs_do_not_fit_in_a_file(self, folders: SimpleNamespace) -> None:
        with pytest.raises(BadConfig, match="exactly one pair, there are 6"):
            run(folders, out=str(folders.root / "one.png"))

    def test_its_error_is_raised(self, folders: SimpleNamespace) -> None:
        dark = folders.photo(folders.root / "dark.png", (0, 0, 0))
        with pytest.raises(NoPersonFound, match=r"dark\.png"):
            run(folders, person=str(dark), clothes=str(folders.clothes / "red.png"), out=str(folders.root / "x.png"))
        with pytest.raises(BadImage, match="uint8"):
            TryOn().run(np.full((64, 48), 200.0), folders.clothes / "red.png")


def test_pairs_file_masks_and_dry_run(folders: SimpleNamespace, fakes: SimpleNamespace) -> None:
    (folders.root / "pairs.txt").write_text("anna.png green.png\nanna tops/blue\n")
    planned = run(folders, pairing=str(folders.root / "pairs.txt"), dry_run=True)
    assert (planned.planned, fakes.finder.found, folders.out.exists()) == (2, [], False)
    mask = np.zeros((64, 48), np.uint8)
    mask[20:30, 20:30] = 255
    (folders.root / "masks").mkdir()
    Image.fromarray(mask).save(folders.root / "masks/green.png")
    run(folders, pairing=str(folders.root / "pairs.txt"), clothes_mask=folders.root / "masks")
    assert sorted(fakes.method.pairs) == [("anna", "green"), ("anna", "tops/blue")]
    checks = {pair: [check["text"] for check in entry["checks"]] for pair, entry in manifest(folders).items()}
    assert checks["anna", "green"] == ["sleeves change"]
    assert "cut out automatically" in checks["anna", "tops/blue"][0]


def test_the_config_that_was_used_is_written_and_can_be_used_again(folders: SimpleNamespace) -> None:
    from viton_cli.config import load

    run(folders, steps=True)
    again = load(TryOnConfig, folders.out / "config.yaml", environment={})
    assert again.steps and again.person == [str(folders.people)]
    assert tryon(again).skipped == 6
    assert json.dumps(again.model_dump(mode="json"))


ODD = [
    "", "{", "[]", "3", "null", '"text"', "[" * 50_000, '{"person": ["anna"], "garment": "red", "status": "ok"}',
    '{"person": "anna", "garment": {}, "status": "ok"}', '{"person": "anna", "status": "ok"}', '{"status": "ok"}', "{}",
    '{"person": "anna", "garment": "red", "status": "ok", "inputs": 3}',
    '{"person": "anna", "garment": "red", "status": "ok", "seconds": {"a": "b"}}',
    '{"person": "anna", "garment": "red", "status": "ok", "checks": 7}',
    '{"person": "anna", "garment": "red", "status": ["ok"]}', '{"version": "x", "status": "ok"}',
    '{"person": "anna", "garment": "red", "status": "ok", "seconds": 1e999}',
]  # fmt: skip


@pytest.mark.parametrize("line", ODD)
def test_a_manifest_of_odd_shape_costs_a_pair_at_most(folders: SimpleNamespace, line: str) -> None:
    run(folders)
    with (folders.out / "manifest.jsonl").open("a") as stream:
        stream.write(line + "\n")
    done = run(folders)
    assert (done.failed, done.ok + done.skipped) == (0, 6) and done.ok <= 1
    assert run(folders).skipped == 6


def test_a_manifest_of_rubbish_is_no_manifest(folders: SimpleNamespace) -> None:
    run(folders)
    (folders.out / "manifest.jsonl").write_bytes(bytes(range(256)) * 100)
    assert run(folders).ok == 6
    (folders.out / ".viton.jsonl").write_bytes(b"\0rubbish\n" + b"[" * 9000 + b"\n3\n[]\n{}\n")
    with pytest.raises(VitonError, match="is not as viton wrote it"):
        run(folders)
