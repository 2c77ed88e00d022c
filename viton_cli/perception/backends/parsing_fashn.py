"""Parsing from FASHN's human parser, a SegFormer-B4 of 18 labels; the extra `fashn` (package `fashn-human-parser`).

Licence: package and weights are under the NVIDIA Source Code License for SegFormer, which allows research and
evaluation but no commercial use: https://github.com/NVlabs/SegFormer/blob/master/LICENSE. It is not this toolkit's
licence; the backend says so whenever it is loaded.

Nothing is fetched: the weights (244 MB) lie in a folder that is named as the source, or in the Hugging Face cache.

Its label set has no sides: arms, legs and feet go to the person's left and right by the joints (`imaging.limbs`).
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError

from viton_cli.errors import BadWeights, MissingExtra
from viton_cli.imaging.limbs import split_legs, split_shoes, standing_joints
from viton_cli.records import Parsing, Photo, Pose
from viton_cli.vocabulary.label_sets import CLOTHES_UNDER_BELT, fill_from_nearest
from viton_cli.vocabulary.labels import (
    BACKGROUND,
    BAG,
    DRESS,
    FACE,
    HAIR,
    HAT,
    L_ARM,
    L_ELBOW,
    L_SHOULDER,
    L_WRIST,
    N_LABELS,
    NECK_SKIN,
    PANTS,
    R_ARM,
    R_ELBOW,
    R_SHOULDER,
    R_WRIST,
    SCARF,
    SKIRT,
    SUNGLASSES,
    UPPER,
)

LICENCE = (
    "fashn-human-parser is under the NVIDIA Source Code License for SegFormer (no commercial use): "
    "https://github.com/NVlabs/SegFormer/blob/master/LICENSE"
)
MODEL = "fashn-ai/fashn-human-parser"

# Labels of the parser whose meaning here depends on joints or surroundings.
BELT, ARMS, HANDS, LEGS, FEET, JEWELLERY = 7, 12, 13, 14, 15, 17
# Its other labels: index there -> label here.
PLAIN = {
    0: BACKGROUND, 1: FACE, 2: HAIR, 3: UPPER, 4: DRESS, 5: SKIRT, 6: PANTS, 8: BAG, 9: HAT, 10: SCARF, 11: SUNGLASSES,
    16: NECK_SKIN,
}  # fmt: skip
N_FASHN = 18
_HOLE = 255

Floats = NDArray[np.floating]


class FashnParsing:
    """FASHN's parser behind the common protocol.

    Args:
        source: A folder with the model (`config.json` and the weights); None for what the hub's cache has.

    Raises:
        MissingExtra: The package is not installed; names the licence as well.
        BadWeights: No model in the folder or the cache; names the command that mends it.
    """

    licence = LICENCE

    def __init__(self, source: Path | None = None) -> None:
        for variable in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
            os.environ[variable] = "1"  # nothing is fetched unasked; read when the package is imported
        try:
            package = import_package()
        except ImportError as error:
            raise MissingExtra(
                f"the parsing backend 'fashn' needs: pip install 'viton-cli[fashn]' (mind its licence: {LICENCE})"
            ) from error
        if source is not None and not (source / "config.json").is_file():
            raise BadWeights(f"{source}: no config.json, so no model folder; fetch one: {fetch_command(source)}")
        logging.getLogger(__name__).warning(LICENCE)
        try:
            self.parser = package.FashnHumanParser(model_id=MODEL if source is None else str(source))
        except (OSError, ValueError, RuntimeError, SafetensorError) as error:
            reason = " ".join(str(error).split()).partition(". ")[0]
            where = source or Path("fashn-human-parser")
            raise BadWeights(
                f"FASHN's parser cannot be loaded ({reason}); where there is a network: {fetch_command(where)}, "
                "then name that folder as the parsing backend's source"
            ) from None

    def parse(self, photo: Photo, pose: Pose | None = None) -> Parsing:
        """Labels at the photo's size, without confidence. Without a pose the person is taken to stand facing us."""
        indices = np.asarray(self.parser.predict(np.ascontiguousarray(photo.image)))
        return Parsing(to_labels(indices, pose))


def import_package() -> Any:
    """`fashn_human_parser`. Raises ImportError where it is not installed."""
    import fashn_human_parser

    return fashn_human_parser


def fetch_command(folder: Path) -> str:
    """The line that puts the model into a folder."""
    return f"hf download {MODEL} --local-dir {folder}"


def to_labels(indices: NDArray[np.integer], pose: Pose | None) -> NDArray[np.uint8]:
    """The parser's 18 labels (H, W) to the toolkit's 22.

    Belts become the garment nearest to them, jewellery whatever is nearest. Joints that are not seen are guessed from
    the person's outline.

    Raises:
        BadWeights: An index the parser does not have: a model of another label set.
    """
    if indices.size and int(indices.max()) >= N_FASHN:
        raise BadWeights(f"the model answers with label {int(indices.max())}; FASHN's parser has 0 to {N_FASHN - 1}")
    table = np.full(N_FASHN, _HOLE, np.uint8)
    table[list(PLAIN)] = list(PLAIN.values())
    labels = table[indices]
    joints = standing_joints(indices != 0)
    if pose is not None:
        joints = np.where(pose.seen[:, None], pose.joints, joints)
    for foreign, split in (((ARMS, HANDS), split_arms), ((LEGS,), split_legs), ((FEET,), split_shoes)):
        mask = np.isin(indices, foreign)
        labels[mask] = split(mask, joints)[mask]
    labels = fill_from_nearest(labels, indices == BELT, CLOTHES_UNDER_BELT)
    return fill_from_nearest(labels, indices == JEWELLERY, tuple(range(N_LABELS)))


def split_arms(arms: NDArray[np.bool_], joints: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Arms and hands (H, W) to left and right arm by the nearer of the two arms' bones; 0 outside `arms`."""
    out = np.zeros(arms.shape, np.uint8)
    rows, columns = np.nonzero(arms)
    points = np.stack([columns, rows], 1).astype(np.float64)
    right = _distance(points, joints[[R_SHOULDER, R_ELBOW, R_WRIST]])
    left = _distance(points, joints[[L_SHOULDER, L_ELBOW, L_WRIST]])
    out[rows, columns] = np.where(right < left, R_ARM, L_ARM)
    return out


def _distance(points: Floats, corners: Iterable[Floats]) -> Floats:
    """Distance of each point (n, 2) to the line shoulder, elbow, wrist (3, 2), longer by a hand of half a forearm."""
    shoulder, elbow, wrist = np.asarray(corners, np.float64)
    nearest = np.full(len(points), np.inf)
    for start, end in ((shoulder, elbow), (elbow, wrist + 0.5 * (wrist - elbow))):
        bone = end - start
        along = np.clip((points - start) @ bone / max(float(bone @ bone), 1e-9), 0, 1)
        nearest = np.minimum(nearest, np.linalg.norm(points - start - along[:, None] * bone, axis=1))
    return nearest
