"""Parsing from Self-Correction Human Parsing, with its published LIP or ATR weights (MIT; they do not ship: 255 MB).

LIP has no label for neck and chest skin: those pixels keep what the network says, mostly background or face.

Source: Li et al., Self-Correction for Human Parsing, 2019; the authors' extractor for the input: the whole photo,
fitted into a black square of 473 (LIP) or 512 (ATR) pixels with its aspect kept, BGR. Departure: photos larger than the
square are averaged when shrunk, where the authors sample them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from viton_cli.devices import placed
from viton_cli.errors import BadConfig, BadWeights
from viton_cli.imaging.frames import crop, to_frame, whole_photo
from viton_cli.perception.backends.published_weights import fit, read_published
from viton_cli.perception.backends.schp_network import RESNET_101, SchpNetwork, without_in_place_norm
from viton_cli.records import Frame, Parsing, Photo, Pose
from viton_cli.vocabulary.label_sets import to_labels

# Label set -> side of the network's square input.
INPUT_SIDE = {"lip": 473, "cihp": 473, "atr": 512}
N_LABELS = {"lip": 20, "cihp": 20, "atr": 18}
MEAN_BGR, STD_BGR = (0.406, 0.456, 0.485), (0.225, 0.224, 0.229)

_HOST = "https://huggingface.co/zhengchong/CatVTON/resolve/main/SCHP/"
WEIGHTS_COMMAND = f"curl -LO {_HOST}exp-schp-201908261155-lip.pth (or {_HOST}exp-schp-201908301523-atr.pth)"

ROWS_AT_A_TIME = 64


class SchpParsing:
    """Labels of the whole photo.

    Args:
        source: The weight file.
        label_set: What the weights were trained on: "lip", "atr" or "cihp". None tells by the number of labels, and
            takes 20 for LIP, since CIHP has as many.
        blocks: Depth of the four stages; fewer than ResNet-101's is for tests.

    Raises:
        BadWeights: No source, or not this network's weights for that label set.
        BadConfig: An unknown label set.
    """

    def __init__(
        self,
        source: Path | None = None,
        *,
        label_set: str | None = None,
        blocks: tuple[int, int, int, int] = RESNET_101,
    ) -> None:
        if source is None:
            raise BadWeights(
                f"the parsing backend 'schp' needs weights that do not ship: {WEIGHTS_COMMAND}, "
                "then name that file as the parsing backend's source"
            )
        if label_set is not None and label_set not in INPUT_SIDE:
            raise BadConfig(f"SCHP has no '{label_set}' weights; its label sets: {', '.join(INPUT_SIDE)}")
        state = without_in_place_norm(read_published(source))
        head = state.get("fushion.3.bias")
        n_labels = 0 if head is None else len(head)
        self.label_set = label_set or next((name for name, n in N_LABELS.items() if n == n_labels), "lip")
        if head is not None and n_labels != N_LABELS[self.label_set]:
            expected = f"{self.label_set} has {N_LABELS[self.label_set]}"
            raise BadWeights(f"{source}: weights for {n_labels} labels; {expected}")
        with torch.device("meta"):
            network = SchpNetwork(N_LABELS[self.label_set], blocks)
        fit(network, state, source, "a Self-Correction Human Parsing checkpoint")
        self.network: nn.Module = placed(network)

    def parse(self, photo: Photo, pose: Pose | None = None) -> Parsing:
        """Labels and confidence at the photo's size. The pose is not used: the network looks at the whole photo."""
        frame = whole_photo(photo.size, (INPUT_SIDE[self.label_set],) * 2)
        indices, confidence = best_label(self.logits(photo, frame), frame, photo.size)
        return Parsing(to_labels(indices, self.label_set), confidence)

    @torch.inference_mode()
    def logits(self, photo: Photo, frame: Frame) -> Tensor:
        """(n, s, s) logits of the frame; the corner cells lie on its corner pixels."""
        bgr = np.ascontiguousarray(crop(photo.image, frame, fill=0)[..., ::-1])
        image = torch.from_numpy(bgr).permute(2, 0, 1)[None].float() / 255
        mean, std = (torch.tensor(values)[:, None, None] for values in (MEAN_BGR, STD_BGR))
        logits: Tensor = self.network((image - mean) / std)[0].float()
        return logits


def best_label(
    logits: Tensor, frame: Frame, photo_size: tuple[int, int]
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Logits of a frame back onto the photo: the likeliest index of each pixel and its probability.

    Rows are done a few at a time, so that a large photo with many labels does not fill the memory.

    Args:
        logits: (n, s, t), corner cells on the frame's corner pixels.
        frame: What part of the photo they show; pixels beyond it get the nearest answer.
        photo_size: (height, width).

    Returns:
        (height, width) uint8 and (height, width) float32 in [0, 1].
    """
    height, width = photo_size
    diagonal = np.repeat(np.arange(max(photo_size), dtype=np.float32)[:, None], 2, 1)
    cells = np.array(logits.shape[:0:-1]) - 1
    x, y = torch.from_numpy(to_frame(diagonal, frame) * cells / (np.array(frame.size[::-1]) - 1)).float().T
    columns = _between(logits, x[:width], dim=2)
    indices = np.empty(photo_size, np.uint8)
    confidence = np.empty(photo_size, np.float32)
    for start in range(0, height, ROWS_AT_A_TIME):
        rows = slice(start, min(start + ROWS_AT_A_TIME, height))
        best = _between(columns, y[rows], dim=1).softmax(0).max(0)
        indices[rows], confidence[rows] = best.indices.numpy(), best.values.numpy()
    return indices, confidence


def _between(values: Tensor, at: Tensor, dim: int) -> Tensor:
    """Linear interpolation of `values` along `dim` at the fractional indices `at`; the ends hold beyond them."""
    at = at.clamp(0, values.shape[dim] - 1)
    low = at.long().clamp(max=values.shape[dim] - 2)
    shape = [1] * values.ndim
    shape[dim] = len(at)
    part = (at - low).reshape(shape)
    return values.index_select(dim, low) * (1 - part) + values.index_select(dim, low + 1) * part
