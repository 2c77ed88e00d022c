"""Where else to look for a person whom the look at the whole upright photo does not show.

Somebody small in the picture is searched for in tiles; somebody who lies, or stands on the head, by turning the photo.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np

from viton_cli.imaging import frames
from viton_cli.perception.builtin.look import Look, is_person, sureness
from viton_cli.records import Frame, Photo, Pose
from viton_cli.vocabulary import labels as L

SURE = 0.65  # sureness from which a person counts who was found only by searching
MAYBE = 0.3  # sureness from which it is worth while to look nearer
DOUBTFUL = 0.85  # sureness of a pose below which it is tried whether the photo stands upright
BETTER = 0.1  # by how much the turned photo has to be surer
TILES = 8  # looked at together


class Network(Protocol):
    """What `perception.builtin.perceiver.Perceiver` offers for a search."""

    size: tuple[int, int]

    def look_all(self, views: Sequence[tuple[Photo, Frame]]) -> list[Look]:
        """One look at each frame."""
        ...


def likely_tiles(network: Network, photo: Photo) -> Iterator[Look]:
    """The tile that most likely shows a person, of tiles as high as the photo (where it is wider than such a tile),
    then of tiles half as high. Whether it does is seen by looking nearer."""
    for share in (1.0, 0.5):
        tiles = _tiles(photo.size, network.size, share)
        best: Look | None = None  # the others are let go, since a long photo has hundreds of tiles
        for start in range(0, len(tiles), TILES):
            for look in network.look_all([(photo, tile) for tile in tiles[start : start + TILES]]):
                is_likely = look.person > 0.001 and sureness(look.pose) > MAYBE
                if is_likely and (best is None or _likelihood(look) > _likelihood(best)):
                    best = look
        if best is not None:
            yield best


def _likelihood(look: Look) -> float:
    return sureness(look.pose) ** 2 * look.person


def _tiles(photo_size: tuple[int, int], size: tuple[int, int], share: float) -> list[Frame]:
    """Frames of `size`'s aspect and `share` of the photo's height, half overlapping; none if one would do."""
    height, width = photo_size
    tall = max(round(share * height), 2)
    wide = max(round(tall * size[1] / size[0]), 2)
    rows, columns = (max(int(np.ceil(2 * (whole - part) / part)), 0) for whole, part in ((height, tall), (width, wide)))
    if not rows and not columns:
        return []
    return [
        Frame((x, y, x + wide, y + tall), size)
        for y in np.linspace(0, height - tall, rows + 1).round().astype(int).tolist()
        for x in np.linspace(0, max(width - wide, 0), columns + 1).round().astype(int).tolist()
    ]


def turned(network: Network, photo: Photo, pose: Pose) -> int:
    """By how many degrees a photo has to be turned clockwise for its person to stand upright; 0 for a photo that is
    upright, as far as can be told.

    Args:
        network: The network. photo: The photo.
        pose: What was found in it as it is.
    """
    upright = sureness(pose)
    if upright > DOUBTFUL:
        return 0
    quarters = {90 * turns: Photo(photo.id, np.rot90(photo.image, -turns)) for turns in (1, 2, 3)}
    looks = network.look_all([(other, frames.whole_photo(other.size, network.size)) for other in quarters.values()])
    # With a head: upside down, two legs resemble raised arms.
    sure = [sureness(look.pose) * (is_person(look.pose, look.person) and look.pose.seen[L.NOSE]) for look in looks]
    best = int(np.argmax(sure))
    return list(quarters)[best] if sure[best] > max(upright + BETTER, SURE) else 0
