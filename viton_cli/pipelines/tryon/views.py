"""What a method works out of a garment, once and not again for each person, within a fixed amount of memory."""

from __future__ import annotations

from typing import Any

from viton_cli.methods import Method
from viton_cli.pipelines.garment_store import GarmentStore
from viton_cli.records import Garment

# Bytes of a garment with its view for each of the photo's pixels: the photo (3), its masks (4 or 8), and colours
# (twice) and mask of the sharp product (10). Small photos are enlarged to the networks' size.
BYTES_A_PIXEL, LEAST_BYTES = 21, 3_000_000
KEPT_BYTES = 600_000_000


class GarmentViews:
    """The garments of a run as a method sees them.

    Args:
        method: Whose views they are.
        store: The garments.
        kept_bytes: How much of them is kept; a garment beyond that is prepared again for each person.
    """

    def __init__(self, method: Method[Any, Any], store: GarmentStore, kept_bytes: int = KEPT_BYTES) -> None:
        self.method, self.store = method, store
        self._kept: dict[str, tuple[Garment, Any]] = {}
        self._room = kept_bytes

    def get(self, id: str) -> tuple[Garment, Any]:
        """The garment and the view of it.

        Raises:
            VitonError: See `GarmentStore.get`; or the method finds nothing to see.
        """
        if id in self._kept:
            return self._kept[id]
        garment = self.store.get(id)
        both = garment, self.method.prepare_garment(garment)
        # A run walks through all garments for each person: keeping the first ones serves it better than the last ones.
        height, width = garment.photo.size
        need = max(BYTES_A_PIXEL * height * width, LEAST_BYTES)
        if need <= self._room:
            self._room -= need
            self._kept[id] = both
        return both
