"""Somebody small is found by tiles, somebody not upright by turning the photo; told by a network of straw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from viton_cli.perception.builtin.look import Look, is_person
from viton_cli.perception.builtin.search import likely_tiles, turned
from viton_cli.records import Frame, Photo, Pose
from viton_cli.vocabulary import labels as L


def pose(sure: float, nose: bool = True) -> Pose:
    seen = np.ones(18, bool)
    seen[L.NOSE] = nose
    return Pose(np.zeros((18, 2), np.float32), seen, np.full(18, sure, np.float32))


@dataclass
class Straw:
    """A network that sees a person where a frame, seen at 256x192, shows a white spot of 20 pixels or more."""

    size: tuple[int, int] = (256, 192)
    frames: list[Frame] = field(default_factory=list)

    def look_all(self, views: Sequence[tuple[Photo, Frame]]) -> list[Look]:
        assert 0 < len(views) <= 8
        return [self.look(photo, frame) for photo, frame in views]

    def look(self, photo: Photo, frame: Frame) -> Look:
        self.frames.append(frame)
        x0, y0, x1, y1 = frame.box
        white = (photo.image[max(y0, 0) : y1, max(x0, 0) : x1] == 255).all(2).sum() / ((x1 - x0) * (y1 - y0))
        sure = 0.8 if white * 256 * 192 >= 400 else 0.0
        return Look(frame, np.zeros((22, 4, 3), np.float32), pose(sure), float(white))


def spot(size: tuple[int, int], at: tuple[int, int], side: int) -> Photo:
    image = np.zeros((*size, 3), np.uint8)
    image[at[0] : at[0] + side, at[1] : at[1] + side] = 255
    return Photo("spot", image)


def test_a_panorama_is_searched_in_tiles_as_high_as_it_is() -> None:
    network = Straw()
    found = next(likely_tiles(network, spot((300, 4000), (100, 2000), 60)))
    x0, y0, x1, y1 = found.frame.box
    assert (y0, y1) == (0, 300) and x1 - x0 == 225 and x0 <= 2000 and x1 >= 2060
    starts = sorted(frame.box[0] for frame in network.frames)
    assert starts[0] == 0 and starts[-1] == 4000 - 225 and max(np.diff(starts)) <= 113, (
        "they cover it, half overlapping"
    )


def test_somebody_small_is_found_in_tiles_half_as_high() -> None:
    found = list(likely_tiles(Straw(), spot((1600, 2400), (1100, 1500), 80)))
    assert [look.frame.box[3] - look.frame.box[1] for look in found] == [800]
    x0, y0, x1, y1 = found[0].frame.box
    assert x0 <= 1500 and x1 >= 1580 and y0 <= 1100 and y1 >= 1180


def test_a_portrait_is_its_own_tile() -> None:
    network = Straw()
    assert list(likely_tiles(network, spot((400, 300), (0, 0), 0))) == []
    assert {frame.box[3] - frame.box[1] for frame in network.frames} == {200} and len(network.frames) == 9


class Turns:
    """A network that is as sure of a photo as its top left pixel says, in hundredths."""

    size = (256, 192)
    nose = True

    def look_all(self, views: Sequence[tuple[Photo, Frame]]) -> list[Look]:
        logits = np.zeros((22, 4, 3), np.float32)
        return [Look(frame, logits, pose(photo.image[0, 0, 0] / 100, self.nose), 0.3) for photo, frame in views]


@pytest.mark.parametrize(("corners", "degrees"), [((0, 0, 0, 90), 90), ((0, 0, 90, 0), 180), ((0, 90, 0, 0), 270)])
def test_by_how_much_a_photo_has_to_be_turned(corners: tuple[int, int, int, int], degrees: int) -> None:
    """Turned by 90 degrees clockwise, the lower left corner is the upper left one."""
    image = np.zeros((40, 30, 3), np.uint8)
    image[0, 0], image[0, -1], image[-1, -1], image[-1, 0] = corners
    assert turned(Turns(), Photo("a", image), pose(0.3)) == degrees
    assert turned(Turns(), Photo("a", image), pose(0.86)) == 0, "who is clearly seen is upright"
    assert turned(Turns(), Photo("a", image), pose(0.82)) == 0, "turned, hardly better"
    assert turned(Turns(), Photo("a", image // 2), pose(0.3)) == 0, "turned, nobody is clearly seen either"
    headless = Turns()
    headless.nose = False
    assert turned(headless, Photo("a", image), pose(0.3)) == 0


def test_a_person_has_shoulders() -> None:
    both = (L.R_SHOULDER, L.L_SHOULDER)
    legs = pose(0.9)
    legs.confidence[list(both)] = 0.2
    assert is_person(pose(0.9), 0.2) and not is_person(legs, 0.2)
