"""`viton prepare --flatten`: what somebody wears, laid flat out of their prepared picture, as their product picture.

It is made from the crop, labels and joints in the prepared folder, and made again only when one of these is another:
the folder is where every training reads it from.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viton_cli.data.prepared import Prepared, laid_file, laid_id
from viton_cli.engines.overlap import read_ahead
from viton_cli.engines.progress import Progress
from viton_cli.errors import VitonError
from viton_cli.files import decode_photo, remove, write_arrays, write_image
from viton_cli.imaging.flat_places import flat_places
from viton_cli.imaging.flatten import FlatGarment, NotFlattened, flatten
from viton_cli.imaging.frames import to_frame
from viton_cli.pipelines.prepare.folder import PreparedFolder
from viton_cli.records import Frame, Pose

VERSION = "flat 1"  # of the way garments are laid flat: raise it when pictures change
MADE_UP = 0.125  # share of a garment that may have been hidden: by eye, above it most are torn or patched
COARSER = 2  # times that places are coarser than the picture: at 512x384 they are as the network frame has them

Entries = dict[tuple[str, str], dict[str, Any]]


class Flattening:
    """Lays garments flat in a prepared folder.

    Args:
        folder: The folder, with people in it.
        progress: Hears how many could be laid.
    """

    def __init__(self, folder: PreparedFolder, progress: Progress) -> None:
        self.folder, self.progress = folder, progress

    def run(self, people: Iterable[str], workers: int) -> None:
        """Lay flat what these people wear, but for what is finished.

        Args:
            people: Ids. Of who could not be prepared, what was laid flat before is taken away.
            workers: Threads.
        """
        before = self.folder.entries()
        ahead = []
        for id in people:
            if before.get(("person", id), {}).get("status") == "ok":
                ahead.append(id)
            else:
                self._forget(id)
        known = {id: made_from(self.folder, id) for id in ahead}
        left = [id for id in ahead if not self._is_finished(id, known[id], before)]
        refused: Counter[str] = Counter()
        self.progress.start(len(left), "garment")
        for id, laid in read_ahead(left, self._lay, workers):
            person = before["person", id]
            entry = {"id": laid_id(id), "kind": "garment", "worn_by": id, "source": person.get("source", "")}
            entry |= {"inputs": known[id], **({"split": person["split"]} if person.get("split") else {})}
            try:
                hidden, seconds = laid.result()
                entry |= {"status": "ok", "cause": None, "hidden": round(hidden, 3), "seconds": round(seconds, 3)}
            except VitonError as error:
                refused[str(error)] += 1
                self._forget(id)
                entry |= {"status": "skipped", "cause": f"cannot be laid flat: {error}"}
            self.folder.manifest.append(entry)
            self.progress.advance(id)
        if left:
            causes = ", ".join(f"{cause} {count}" for cause, count in refused.most_common())
            why = f"; the others cannot be: {causes}" if causes else ""
            self.progress.note(f"{len(left) - refused.total()} of {len(left)} worn garments laid flat{why}")

    def _is_finished(self, id: str, inputs: dict[str, Any], before: Entries) -> bool:
        entry = before.get(("garment", laid_id(id)), {})
        if self.folder.config.overwrite or entry.get("inputs") != inputs:
            return False
        files = [*self.folder.files("garment", laid_id(id)).values(), laid_file(self.folder.path, id)]
        return entry.get("status") == "skipped" or all(self.folder.ledger.is_finished(path) for path in files)

    def _lay(self, id: str) -> tuple[float, float]:
        """Write what one person wears; returns the share of it that the photo did not show, and seconds.

        Raises:
            NotFlattened: It cannot be laid flat.
        """
        began = time.monotonic()
        image = decode_photo(self.folder.files("person", id)["image"].read_bytes(), id).image
        entry = Prepared(self.folder.path).person(id)
        labels, pose = entry.labels(), entry.pose()
        if labels is None or pose is None:
            raise NotFlattened("no labels" if labels is None else "no joints")
        flat = flat_garment(image, labels, pose)
        if flat.hidden > MADE_UP:
            raise NotFlattened("too much hidden")
        files = self.folder.files("garment", laid_id(id))
        write_image(files["image"], flat.image)
        write_image(files["mask"], np.round(flat.mask * 255).astype(np.uint8))
        write_arrays(laid_file(self.folder.path, id), {"worn": flat.worn, "places": coarse_places(flat)})
        return flat.hidden, time.monotonic() - began

    def _forget(self, id: str) -> None:
        """Take away what an earlier run laid flat."""
        for path in (*self.folder.files("garment", laid_id(id)).values(), laid_file(self.folder.path, id)):
            remove(path)


def made_from(folder: PreparedFolder, id: str) -> dict[str, Any]:
    """What a laid garment is made from: the prepared picture, labels and joints of the person, by content."""
    files = folder.files("person", id)
    return {"files": [folder.contents.of(files[name]) for name in ("image", "labels", "pose")], "made_with": VERSION}


def flat_garment(image: NDArray[np.uint8], labels: NDArray[np.uint8], pose: Pose) -> FlatGarment:
    """What a person wears as a product picture of the size of theirs.

    Args:
        image: (H, W, 3). labels: (H, W). pose: In its pixels.

    Raises:
        NotFlattened: It cannot be laid flat.
    """
    return flatten(image, labels, pose.joints, pose.seen, (labels.shape[0], labels.shape[1]))


def coarse_places(flat: FlatGarment) -> NDArray[np.float16]:
    """Places as `LaidFlat` has them, `COARSER` than the picture of the person."""
    height, width = flat.worn.shape
    size = max(height // COARSER, 1), max(width // COARSER, 1)
    rows, columns = (np.minimum((np.arange(n) + 0.5) * m / n, m - 1).astype(int) for n, m in zip(size, flat.worn.shape))
    spots = to_frame(flat.spots, Frame((0, 0, width, height), size))
    return flat_places(spots, flat.laid, flat.worn[np.ix_(rows, columns)]).astype(np.float16)
