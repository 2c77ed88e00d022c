"""Pose from the part-affinity-field network of Cao et al. 2017: the estimator VITON's authors used.

Its weights are free for academic use only and do not ship; `WEIGHTS_COMMAND` fetches the widely used PyTorch port.

Source: Cao et al., CVPR 2017; the authors' test settings (picture scaled to 368 rows, BGR / 256 - 0.5, grey 128 where
the stride of 8 needs more pixels). Departure: maps are enlarged to the network's input, not to the photo, and peaks are
refined below the pixel instead; memory then does not grow with the photo.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from viton_cli.devices import placed
from viton_cli.errors import BadWeights
from viton_cli.imaging.frames import crop, to_photo
from viton_cli.perception.backends.paf_decoder import Floats, Thresholds, decode
from viton_cli.perception.backends.paf_network import N_MAPS, STAGES, PartAffinityNet, published_names
from viton_cli.perception.backends.published_weights import fit, read_published
from viton_cli.perception.people import largest_first
from viton_cli.records import Frame, Photo, Pose

WEIGHTS_COMMAND = (
    "curl -L -o body_pose_model.pth https://huggingface.co/lllyasviel/Annotators/resolve/main/body_pose_model.pth"
)
ROWS, STRIDE, GREY = 368, 8, 128


class PartAffinityPose:
    """Finds everybody in the photo.

    Args:
        source: The weight file; any spelling `paf_network.published_names` knows.
        scales: The photo is seen at each of these times 368 rows, and maps and fields are averaged; the authors' own
            figures are for (0.5, 1, 1.5, 2), which takes about seven times as long as the default.
        thresholds: Of the decoder; the authors' if None.

    Raises:
        BadWeights: No source, or not that network's weights.
    """

    def __init__(
        self, source: Path | None = None, *, scales: tuple[float, ...] = (1.0,), thresholds: Thresholds | None = None
    ) -> None:
        if source is None:
            raise BadWeights(
                "the pose backend 'paf' needs weights that do not ship (academic use only): "
                f"{WEIGHTS_COMMAND}, then name that file as the pose backend's source"
            )
        self.scales = scales
        self.thresholds = thresholds
        self.network: nn.Module = placed(load_network(source))

    def detect(self, photo: Photo) -> list[Pose]:
        """All people, largest first, joints in photo pixels; empty when nobody is found."""
        maps, fields = self.maps_and_fields(photo)
        frame = _frame(photo.size, 1.0)
        people = decode(maps, fields, self.thresholds)
        return largest_first([Pose(to_photo(p.joints, frame), p.seen, p.confidence) for p in people])

    @torch.inference_mode()
    def maps_and_fields(self, photo: Photo) -> tuple[Floats, Floats]:
        """(19, h, w) confidence maps and (38, h, w) fields, averaged over the scales, at the size of scale 1."""
        size = _frame(photo.size, 1.0).size
        total: Tensor = torch.zeros(())
        for scale in self.scales:
            frame = _frame(photo.size, scale)
            bgr = np.ascontiguousarray(crop(photo.image, frame)[..., ::-1])
            image = torch.from_numpy(bgr).permute(2, 0, 1)[None].float()
            height, width = frame.size
            padded = functional.pad(image, (0, -width % STRIDE, 0, -height % STRIDE), value=GREY)
            fields, maps = self.network(padded / 256 - 0.5)
            both = torch.cat([maps, fields], 1).float()
            full = functional.interpolate(both, scale_factor=STRIDE, mode="bicubic")[..., :height, :width]
            if frame.size != size:
                full = functional.interpolate(full, size, mode="bicubic")
            total = total + full[0] / len(self.scales)
        answer: Floats = total.numpy()
        return answer[:N_MAPS], answer[N_MAPS:]


def load_network(source: Path, stages: int = STAGES) -> PartAffinityNet:
    """The network with the published weights in it, ready for inference.

    Raises:
        BadWeights: See `published_weights`.
    """
    with torch.device("meta"):
        network = PartAffinityNet(stages)
    fit(network, published_names(read_published(source)), source, "the part-affinity-field network (COCO, 18 joints)")
    return network


def _frame(size: tuple[int, int], scale: float) -> Frame:
    """The whole photo seen with `scale` times 368 rows; at least one stride each way."""
    height, width = size
    rows = max(STRIDE, round(scale * ROWS))
    return Frame((0, 0, width, height), (rows, max(STRIDE, round(rows * width / height))))
