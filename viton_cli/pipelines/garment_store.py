"""Garments cut once and kept within a fixed amount of memory, however many there are."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from viton_cli.errors import BadMask, VitonError
from viton_cli.files import WORKING_PIXELS, Entries, expand, list_inputs, read_mask, read_photo
from viton_cli.records import Garment, Photo

KEPT_BYTES = 300_000_000


@dataclass(frozen=True)
class _Packed:
    """A garment without its pixels: masks as deflated 8-bit pictures, a few kilobytes each."""

    garment: Garment
    mask: bytes
    inner: bytes | None
    size: tuple[int, int]


class GarmentStore:
    """The garments of a run by id.

    Each is cut on first use. Whole garments stay in memory up to `kept_bytes`; of the others only the masks do, and
    the photo is read again. Masks have 8 bits, kept or read again alike, so that results do not depend on memory.

    Args:
        photos: (id, file) of each garment.
        cut: Maps a photo and a given mask (or None) to a garment.
        masks: Given masks named as the photos (or one mask for one garment); they win over `cut`'s own. Files,
            folders, patterns.
        given: Photos that are not files (from a pipe), by id.
        own_masks: Masks by id, which win over those of `masks`.
        kept_bytes: See above.

    Attributes:
        masks: The file of each given mask, by id.
    """

    def __init__(
        self,
        photos: list[tuple[str, Path]],
        cut: Callable[[Photo, NDArray[np.float32] | None], Garment],
        masks: Entries | None = None,
        given: dict[str, Photo] | None = None,
        own_masks: dict[str, Path] | None = None,
        kept_bytes: int = KEPT_BYTES,
    ) -> None:
        self._files = dict(photos)
        self._cut = cut
        self._given = given or {}
        self.masks = (masks_of(self._files, masks) if masks else {}) | (own_masks or {})
        self._masks_wanted = ", ".join(map(str, expand(masks))) if masks else ""
        self._whole: dict[str, Garment] = {}
        self._packed: dict[str, _Packed | VitonError] = {}
        self._room = kept_bytes

    def get(self, id: str) -> Garment:
        """The garment.

        Raises:
            VitonError: Why it cannot be had; the same each time.
        """
        if id in self._whole:
            return self._whole[id]
        if id not in self._packed:
            self._packed[id] = self._pack(id)
        packed = self._packed[id]
        if isinstance(packed, VitonError):
            raise packed
        garment = replace(
            packed.garment,
            photo=self._photo(id),
            mask=_inflate(packed.mask, packed.size),
            inner=None if packed.inner is None else _inflate(packed.inner, packed.size),
        )
        # A run walks through all garments for each person: keeping the first ones serves it better than the last ones.
        need = garment.photo.image.nbytes + garment.mask.nbytes * (1 if garment.inner is None else 2)
        if need <= self._room:
            self._room -= need
            self._whole[id] = garment
        return garment

    def _pack(self, id: str) -> _Packed | VitonError:
        try:
            photo = self._photo(id)
            mask = read_mask(self.masks[id], photo.size) if id in self.masks else None
            garment = self._cut(photo, mask)
        except VitonError as error:
            return error
        if self._masks_wanted and mask is None:
            note = f"no mask of this name in {self._masks_wanted}: cut out automatically"
            garment = replace(garment, checks=(*garment.checks, note))
        empty = Photo(photo.id, np.zeros((0, 0, 3), np.uint8), photo.source)
        hollow = replace(garment, photo=empty, mask=np.zeros((0, 0), np.float32), inner=None)
        inner = None if garment.inner is None else _deflate(garment.inner)
        return _Packed(hollow, _deflate(garment.mask), inner, photo.size)

    def _photo(self, id: str) -> Photo:
        return self._given[id] if id in self._given else read_photo(self._files[id], id, WORKING_PIXELS)


def masks_of(photos: dict[str, Path], masks: Entries) -> dict[str, Path]:
    """Id of a photo to its mask: the file of the same name, or the one mask of the one photo.

    Raises:
        NothingUsable: No such file or folder, or no pictures in it.
        BadMask: One mask for several photos.
    """
    found = list_inputs(masks)
    if [path for _, path in found] == expand(masks) and len(found) == 1:
        if len(photos) != 1:
            raise BadMask(f"{found[0][1]}: one mask for {len(photos)} garments; give a folder of masks")
        return {id: found[0][1] for id in photos}
    stems = {id.removesuffix(path.suffix): path for id, path in found}
    return {id: stems[id] for id in photos if id in stems}


def _eight_bits(mask: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.round(mask * 255).astype(np.uint8).astype(np.float32) / np.float32(255)


def _deflate(mask: NDArray[np.float32]) -> bytes:
    return zlib.compress(np.round(mask * 255).astype(np.uint8).tobytes(), 1)


def _inflate(data: bytes, size: tuple[int, int]) -> NDArray[np.float32]:
    return np.frombuffer(zlib.decompress(data), np.uint8).reshape(size).astype(np.float32) / np.float32(255)
