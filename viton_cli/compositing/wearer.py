"""What the composition has to know of a person, whatever the garment: worked out once and not for each garment."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from viton_cli.compositing.body import forearms, hands, long_garment, network_pixel, pose_in, throat
from viton_cli.compositing.fills import Around
from viton_cli.compositing.leftovers import leftovers, through_hair
from viton_cli.compositing.painted import IN_FRONT, REPLACED, Bools, Floats, Picture
from viton_cli.compositing.skin_tone import high_collar, missed_fingers
from viton_cli.imaging.frames import crop
from viton_cli.imaging.matting import Guide, Guided
from viton_cli.imaging.planes import planes_of
from viton_cli.records import Frame, Person, Pose
from viton_cli.vocabulary import labels as L

WORKING = 480  # longest side at which regions and fills are worked out; a larger part's are enlarged from there
BAND = 4.0  # network pixels to each side of the old garment's edge where the photo's colours decide


class Wearer:
    """A person's photo where the networks saw it, at the working size (h, w). Everything is worked out when it is first
    asked for.

    Args:
        person: Photo, labels and pose. frame: The part of the photo the networks saw, at their size.
    """

    def __init__(self, person: Person, frame: Frame) -> None:
        self.person, self.frame = person, frame
        self._last: OldGarment | None = None

    @cached_property
    def part(self) -> Frame:
        """The frame's part within the photo; its size is (0, 0) if the frame lies beside the photo."""
        height, width = self.person.photo.size
        x0, y0, x1, y1 = self.frame.box
        a, b, c, d = max(x0, 0), max(y0, 0), min(x1, width), min(y1, height)
        if c <= a or d <= b:
            return Frame((0, 0, 0, 0), (0, 0))
        scale = min(1.0, WORKING / max(d - b, c - a))
        return Frame((a, b, c, d), (max(round((d - b) * scale), 1), max(round((c - a) * scale), 1)))

    @cached_property
    def pixel(self) -> float:
        """Pixels of the part per pixel of the network frame."""
        return network_pixel(self.frame, self.part)

    @cached_property
    def labels(self) -> NDArray[np.uint8]:
        """(h, w), what has the old garment's colours called a garment too."""
        found = leftovers(self._perceived, self.picture, self.pixel)
        return np.where(found, L.UPPER, self._perceived).astype(np.uint8)

    @cached_property
    def strands(self) -> Bools:
        """(h, w), see `leftovers.through_hair`."""
        return through_hair(self._perceived, self.picture, self.pixel)

    @cached_property
    def _perceived(self) -> NDArray[np.uint8]:
        return crop(self.person.parsing.labels, self.part, fill=L.BACKGROUND, nearest=True).astype(np.uint8)

    @cached_property
    def pose(self) -> Pose:
        """In pixels of the part."""
        return pose_in(self.person.pose, self.part)

    @cached_property
    def picture(self) -> Picture:
        """(h, w, 3)."""
        return crop(self.person.photo.image, self.part).astype(np.uint8)

    @cached_property
    def planes(self) -> Floats:
        """(3, h, w), the picture in 0..255."""
        return planes_of(self.picture)

    @cached_property
    def hands(self) -> Bools:
        """(h, w), see `body.hands`."""
        return hands(self.pose, self.part.size)

    @cached_property
    def forearms(self) -> Bools:
        """(h, w), see `body.forearms`."""
        return forearms(self.pose, self.part.size)

    @cached_property
    def throat(self) -> Bools:
        """(h, w), see `body.throat`."""
        return throat(self.pose, self.part.size)

    @cached_property
    def long(self) -> Bools:
        """(h, w), see `body.long_garment`."""
        return long_garment(self.labels, self.pose)

    @cached_property
    def arms(self) -> Bools:
        """(h, w) labelled as arms."""
        return np.isin(self.labels, L.ARMS)

    @cached_property
    def ahead(self) -> Bools:
        """(h, w) labelled as what always lies in front of a garment."""
        return np.isin(self.labels, IN_FRONT)

    @cached_property
    def replaced(self) -> Bools:
        """(h, w) labelled as what a new garment replaces."""
        return np.isin(self.labels, REPLACED)

    @cached_property
    def collar(self) -> Bools:
        """(h, w), see `skin_tone.high_collar`."""
        return high_collar(self.labels, self.picture)

    @cached_property
    def fingers(self) -> Bools:
        """(h, w), see `skin_tone.missed_fingers`."""
        return missed_fingers(self.labels, self.picture, self.hands)

    @cached_property
    def guide(self) -> Guide:
        """The picture, for masks whose edges may be wrong by `BAND`."""
        return Guide(self.picture, BAND * self.pixel)

    def without(self, old: Bools) -> OldGarment:
        """The person without what goes, (h, w): for most garments it is the same, and remembered."""
        if self._last is None or not np.array_equal(self._last.mask, old):
            self._last = OldGarment(self, old)
        return self._last


class OldGarment:
    """What goes of a person's clothes, and what follows from that alone.

    Args:
        wearer: The person. mask: (h, w), what goes, as the labels have it.
    """

    def __init__(self, wearer: Wearer, mask: Bools) -> None:
        self.mask = mask
        self._wearer = wearer

    @cached_property
    def reach(self) -> int:
        """Pixels to each side of the edge where the photo's colours decide."""
        return max(round(BAND * self._wearer.pixel), 1)

    @cached_property
    def away(self) -> NDArray[np.int32]:
        """(h, w) distance to it in steps up, down and aside."""
        if not self.mask.any():
            return np.full(self.mask.shape, self.reach + 1, np.int32)
        return np.asarray(ndimage.distance_transform_cdt(~self.mask, "taxicab"), np.int32)

    @cached_property
    def core(self) -> Bools:
        """(h, w) what lies deeper in it than its edge may be wrong."""
        return np.asarray(ndimage.binary_erosion(self.mask, iterations=self.reach, border_value=1))

    @cached_property
    def matte(self) -> Guided:
        """It as the photo's colours have it."""
        return self._wearer.guide.fit(self.mask)

    @cached_property
    def around(self) -> Around:
        """What the photo shows around it."""
        wearer = self._wearer
        return Around(wearer.planes, wearer.labels, self.mask, wearer.pixel)
