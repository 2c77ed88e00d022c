"""Pipelines work with what they are given, and ask no more of it than the protocols say; each view is made once."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from stand_ins import FakeFinder, fake_cut

import viton_cli
from viton_cli import TryOn
from viton_cli.config import MethodConfig, Perception, PrepareConfig, TryOnConfig
from viton_cli.errors import BadConfig, NoGarmentFound, UnknownName
from viton_cli.files import read_photo
from viton_cli.lights import SAY_KIND, Check, check_of
from viton_cli.perception import Perception as Perceives
from viton_cli.perception.backends.fake import draw_person
from viton_cli.perception.perceive import OneByOne, open_perception
from viton_cli.perception.person import PersonFinder
from viton_cli.pipelines.garment_store import GarmentStore
from viton_cli.pipelines.prepare import prepare
from viton_cli.pipelines.tools import Tools
from viton_cli.pipelines.tryon import tryon
from viton_cli.pipelines.tryon.views import GarmentViews
from viton_cli.records import Garment, Parsing, Perceived, Photo, Result

NOWHERE = {"pose": "no such backend", "parsing": "no such backend"}


class Drawn:
    """A perception that sees the same person in every photo."""

    def __init__(self, size: tuple[int, int]) -> None:
        self.image, self.labels, self.pose = draw_person(size)
        self.seen: list[str] = []

    def perceive(self, photos: Any) -> list[Perceived]:
        self.seen += [photo.id for photo in photos]
        return [Perceived(self.pose, Parsing(self.labels)) for photo in photos]


class Striped:
    """A method whose views are words."""

    def __init__(self) -> None:
        self.made: list[str] = []

    def prepare_person(self, person: Any) -> tuple[Any, str]:
        self.made.append(f"person {person.photo.id}")
        return person, person.photo.id

    def prepare_garment(self, garment: Garment) -> str:
        self.made.append(f"garment {garment.photo.id}")
        return garment.photo.id

    def dress(self, person: tuple[Any, str], garment: str, steps: bool = False) -> Result:
        self.made.append(f"{person[1]} in {garment}")
        image = person[0].photo.image.copy()
        image[:5, :5] = len(garment)
        edited = np.zeros(image.shape[:2], bool)
        edited[:5, :5] = True
        return Result(image, edited)


def test_a_run_works_with_what_it_is_given_and_makes_each_view_once(folders: SimpleNamespace) -> None:
    config = TryOnConfig(
        person=str(folders.people), clothes=str(folders.clothes), out=str(folders.out), **NOWHERE, method="none"
    )
    perception, method = Drawn((64, 48)), Striped()
    assert isinstance(PersonFinder(perception).perception, Drawn)
    done = tryon(config, tools=Tools(config, PersonFinder(perception), fake_cut, method))
    assert (done.ok, done.failed) == (6, 0), done.problems
    people, garments = ("anna", "sub dir/bert ü"), ("green", "red", "tops/blue")
    assert sorted(perception.seen) == sorted(people)
    views = [made for made in method.made if made.startswith(("person", "garment"))]
    assert sorted(views) == sorted([*(f"person {id}" for id in people), *(f"garment {id}" for id in garments)])
    assert sorted(set(method.made) - set(views)) == sorted(f"{p} in {g}" for p in people for g in garments)


def test_prepare_and_python_work_with_what_they_are_given(folders: SimpleNamespace) -> None:
    config = PrepareConfig(person=folders.people, clothes=folders.clothes, out=folders.out, height=128, **NOWHERE)
    perception = Drawn((64, 48))
    done = prepare(config, tools=Tools(config, PersonFinder(perception), fake_cut))
    assert (done.ok, done.failed) == (5, 0), done.problems
    assert sorted(perception.seen) == ["anna", "sub dir/bert ü"], "and each photo is looked at once"
    method = Striped()
    engine = TryOn(tools=Tools(MethodConfig(), PersonFinder(perception), fake_cut, method))
    engine.load()
    result = engine.run(folders.people / "anna.png", folders.clothes / "red.png")
    assert result.edited.sum() == 25 and method.made == ["person anna", "garment red", "anna in red"]


def test_what_is_not_given_is_made_when_it_is_needed() -> None:
    tools = Tools(MethodConfig(pose="no such backend", method="viton"))
    with pytest.raises(UnknownName, match="no such backend"):
        _ = tools.finder
    finder = FakeFinder()
    assert Tools(Perception(**NOWHERE), finder=finder).finder is finder
    assert isinstance(Tools(Perception(pose="fake", parsing="fake")).finder, PersonFinder)


def test_views_beyond_the_memory_are_made_again(folders: SimpleNamespace) -> None:
    photos = [(name, folders.clothes / f"{name}.png") for name in ("red", "green")]
    for room, times in ((10_000_000, 1), (3_500_000, 3), (0, 3)):
        method = Striped()
        views = GarmentViews(method, GarmentStore(photos, fake_cut), room)
        for _ in range(3):
            for name, path in photos:
                garment, view = views.get(name)
                assert view == name
                np.testing.assert_array_equal(garment.photo.image, read_photo(path).image)
        assert method.made.count("garment green") == times
        assert method.made.count("garment red") == (3 if room == 0 else 1), "the first one stays"


def test_both_at_once_only_where_one_network_says_both() -> None:
    kinds: dict[tuple[str, str], type[Perceives]] = {("fake", "fake"): OneByOne, ("builtin", "fake"): OneByOne}
    for names, kind in kinds.items():
        assert type(open_perception(*names)) is kind
    assert not isinstance(open_perception("builtin", "builtin"), OneByOne)
    with pytest.raises(BadConfig, match="--label-set lip"):
        open_perception("builtin", "builtin", label_set="lip")


def test_variables_reach_python_as_they_reach_the_commands(
    folders: SimpleNamespace, fakes: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VITON_TRYON_WARP", "paper")
    monkeypatch.setenv("VITON_PREPARE_HEIGHT", "128")
    monkeypatch.setenv("VITON_PREPARE_OVERLAYS", "false")
    assert TryOn().config.warp == "paper" and TryOn(warp="parts").config.warp == "parts"
    done = viton_cli.prepare(person=folders.people, out=folders.out)
    assert done.ok == 2 and not (folders.out / "overlay").exists()
    assert read_photo(folders.out / "image/anna.jpg").size == (128, 96)
    monkeypatch.setenv("VITON_TRYON_WRAP", "paper")
    for call in (TryOn, lambda: viton_cli.prepare(person=folders.people, out=folders.out)):
        with pytest.raises(BadConfig, match="VITON_TRYON_WRAP"):
            call()


@pytest.mark.parametrize(
    ("kind", "check"),
    [
        ("lower", Check("looks like trousers or a skirt: only for the upper body", "bad", "product", SAY_KIND)),
        ("top", Check("shows a person: give the garment alone", "bad", "product", "a photo of the garment alone")),
    ],
)
def test_what_is_bad_is_refused_unless_a_kind_is_given(kind: str, check: Check) -> None:
    photo = Photo("odd", np.zeros((8, 6, 3), np.uint8))
    odd = Garment(photo, np.ones((8, 6), np.float32), kind=kind, checks=(check, "small in its photo"))

    def cutter(photo: Photo, mask: object) -> Garment:
        return odd

    with pytest.raises(NoGarmentFound, match=rf"odd: {check}; .* give --kind top"):
        Tools(MethodConfig(), cutter=cutter).cut(photo, None)
    said = Tools(MethodConfig(kind="outerwear"), cutter=cutter).cut(photo, None)
    assert said.kind == "outerwear" and said.checks[-1] == "small in its photo"
    # What the kind settles is gone; what it cannot settle stays, as a warning.
    assert [check_of(left).severity for left in said.checks] == ["warn"] * (1 if kind == "lower" else 2)
    assert Tools(Perception(), cutter=cutter).cut(photo, None).kind == kind, "it may be prepared"
