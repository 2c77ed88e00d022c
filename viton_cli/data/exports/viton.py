"""VITON's own layout; read back by `data.viton`.

    ROOT/women_top/NNNNNN_0.jpg  women_top/NNNNNN_1.jpg     RGB, the person and the garment that person wears
    ROOT/segment/NNNNNN_0.mat                               "segment" (641, 641) uint8: LIP 0 to 19, transposed
    ROOT/pose/NNNNNN_0.mat                                  "candidate" (n, 4) x, y, confidence, row; "subset" (1, 20)
    ROOT/pose.pkl                                           the same for all people: {"NNNNNN_0": {...}}
    ROOT/tps/NNNNNN_0.mat                                   "control_points" (2, 10, 10), "keypoints1", "keypoints2"
    ROOT/viton_train_pairs.txt  viton_train_images.txt      "NNNNNN_0.jpg NNNNNN_1.jpg"
    ROOT/viton_test_pairs.txt                               the unpaired garments

`tps` holds what VITON's stage 2 learns from: where each point of a 10x10 grid over the person's picture lies in the
product's, x and y over its width and height with the first pixel at 1. The warp is this toolkit's `--warp paper` at the
resolution of the published training, read backwards, where the published code takes the nearest grid point.

Source: VITON `prepare_data/extract_tps.m`, `build_viton.py`, `model_zalando_mask_content_test.py`.
"""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import io as matlab
from scipy import ndimage

from viton_cli.core.warp import fit_warp
from viton_cli.core.warp.outlines import contours, sample_outlines
from viton_cli.data.exports.base import Product, Wearer, write_jpeg, write_list
from viton_cli.data.exports.looks import Looks, Name
from viton_cli.data.viton import SIDE
from viton_cli.errors import NoGarmentFound
from viton_cli.files import remove, write_bytes
from viton_cli.vocabulary.label_sets import from_labels
from viton_cli.vocabulary.labels import N_JOINTS, UPPER

TPS_SIZE = (128, 96)  # (height, width) of the masks that are matched
GRID = 10
OUTLINE = 100  # points on each outline


class VitonExport:
    """The layout of `women_top`; both splits in one folder."""

    size: tuple[int, int] | None = None
    needs_own = False
    lacks = ""

    def __init__(self, root: Path) -> None:
        self.root = Path(root)

    def person_files(self, name: Name) -> list[Path]:
        id = f"{name.number:06d}_0"
        return [
            self.root / "women_top" / f"{id}.jpg",
            *(self.root / kind / f"{id}.mat" for kind in ("segment", "pose")),
        ]

    def garment_files(self, name: Name) -> list[Path]:
        return [self.root / "women_top" / f"{name.number:06d}_1.jpg"]

    def further_files(self, name: Name) -> list[Path]:
        return [self._tps(name)]

    def write_person(self, name: Name, person: Wearer, own: Product | None) -> list[str]:
        """Picture, labels, joints, and for the training split the way of the own garment onto the person."""
        image, segment, pose = self.person_files(name)
        labels = from_labels(person.labels, "lip")
        write_jpeg(image, person.image, person.file)
        _write_mat(segment, {"segment": laid_down(labels)})
        _write_mat(pose, openpose_arrays(person.coco18()))
        if name.split != "train" or own is None:
            return []
        try:
            _write_mat(self._tps(name), control_points(own.mask, labels == UPPER))
        except NoGarmentFound:
            remove(self._tps(name))
            return [f"no tps/{image.stem}.mat: the person shows no upper clothes (label {UPPER}) to fit the garment to"]
        return []

    def write_garment(self, name: Name, garment: Product) -> None:
        """The picture; VITON finds the mask by white."""
        write_jpeg(self.garment_files(name)[0], garment.image, garment.file)

    def write_lists(self, looks: Looks) -> list[str]:
        """The lists, of the splits there are, and the joints of all in one file."""
        train = [(look.name.number, look.name.number) for look in looks.worn("train")]
        for file, pairs in (
            ("viton_train_pairs.txt", train),
            ("viton_train_images.txt", train),
            ("viton_test_pairs.txt", looks.unpaired),
        ):
            write_list(self.root / file, [f"{person:06d}_0.jpg {garment:06d}_1.jpg" for person, garment in pairs])
        people = [self.person_files(look.name)[2] for look in looks.all if look.person]
        joints = {path.stem: _arrays(path) for path in people}
        # VITON reads it in Python 2 with an older numpy, whose modules have other names.
        data = pickle.dumps(joints, protocol=2).replace(b"numpy._core.", b"numpy.core.")
        write_bytes(self.root / "pose.pkl", data)
        return []

    def _tps(self, name: Name) -> Path:
        return self.root / "tps" / f"{name.number:06d}_0.mat"


def laid_down(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(H, W) labels as VITON's "segment" (641, 641): transposed, the longer side at 641, the rest 0."""
    height, width = labels.shape
    longer = max(labels.shape)
    size = round(SIDE * width / longer), round(SIDE * height / longer)
    segment = np.zeros((SIDE, SIDE), np.uint8)
    segment[: size[0], : size[1]] = np.asarray(Image.fromarray(labels).resize(size, Image.Resampling.NEAREST)).T
    return segment


def openpose_arrays(points: NDArray[np.floating]) -> dict[str, NDArray[np.float64]]:
    """Joints (18, 3) as OpenPose's MATLAB code gives them: those that were found, and for one person where each of them
    is.

    "subset" ends with the person's score and the number of joints found.
    """
    seen = np.flatnonzero(points[:, 2] > 0)
    subset = np.full((1, N_JOINTS + 2), -1.0)
    subset[0, seen] = np.arange(len(seen))
    subset[0, N_JOINTS:] = points[seen, 2].sum(), len(seen)
    candidate = np.column_stack([points[seen], np.arange(len(seen))]).astype(np.float64)
    return {"candidate": candidate, "subset": subset}


def control_points(garment: NDArray[np.float32], worn: NDArray[np.bool_]) -> dict[str, NDArray[np.float64]]:
    """What VITON's `tps` files hold; see the module.

    Args:
        garment: (h, w) mask of the product.
        worn: (H, W) where the person wears it.

    Raises:
        NoGarmentFound: One of the two is empty.
    """
    height, width = TPS_SIZE
    product, person = (
        np.asarray(Image.fromarray(np.asarray(mask, np.float32)).resize((width, height), Image.Resampling.BILINEAR))
        for mask in (garment, worn)
    )
    warp = fit_warp(product, person, variant="paper", mask_height=height)
    places = warp.places(TPS_SIZE).numpy()  # (h, w, 2) x, y of the product for every pixel of the person
    rows, columns = np.meshgrid(np.linspace(0, height - 1, GRID), np.linspace(0, width - 1, GRID), indexing="ij")
    points = [ndimage.map_coordinates(places[..., axis], [rows, columns], order=1) for axis in (0, 1)]
    scale = np.array([width, height])[:, None, None]
    found = {"control_points": (np.stack(points).astype(np.float64) + 1) / scale}
    for name, mask in (("keypoints1", product), ("keypoints2", person)):
        outlines = contours(np.asarray(mask, np.float32))
        outline = sample_outlines(outlines, OUTLINE)[0] if outlines else np.zeros((0, 2))
        found[name] = (outline[:, ::-1] + 1) / (height, width)
    return found


def _write_mat(path: Path, arrays: dict[str, Any]) -> None:
    stream = io.BytesIO()
    matlab.savemat(stream, arrays, do_compression=True)
    write_bytes(path, stream.getvalue())


def _arrays(path: Path) -> dict[str, NDArray[np.float64]]:
    found = matlab.loadmat(path, variable_names=["candidate", "subset"])
    return {name: np.asarray(found[name], np.float64) for name in ("candidate", "subset")}
