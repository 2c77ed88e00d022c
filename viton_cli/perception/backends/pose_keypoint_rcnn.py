"""Pose from torchvision's Keypoint R-CNN (ResNet-50 with a feature pyramid, trained on COCO keypoints).

Its weights (226 MB) are torchvision's. Nothing is fetched: they are looked for where torchvision keeps what it fetched,
or the file is given.

Source: He et al., Mask R-CNN, 2017, section 5; COCO's 17 keypoints. The neck is the middle of the shoulders.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torchvision.models.detection import KeypointRCNN_ResNet50_FPN_Weights, keypointrcnn_resnet50_fpn

from viton_cli.devices import placed
from viton_cli.errors import BadWeights
from viton_cli.perception.backends.published_weights import fit, read_published
from viton_cli.perception.people import largest_first, to_coco18
from viton_cli.records import Photo, Pose

URL = KeypointRCNN_ResNet50_FPN_Weights.COCO_V1.url

# COCO-17: 0 nose, 1-2 eyes, 3-4 ears, 5-6 shoulders, 7-8 elbows, 9-10 wrists, 11-12 hips, 13-14 knees, 15-16 ankles;
# odd is left from the eyes on.
COCO17_IN_COCO18 = (
    (0,), (5, 6), (6,), (8,), (10,), (5,), (7,), (9,), (12,), (14,), (16,), (11,), (13,), (15,), (2,), (1,), (4,), (3,),
)  # fmt: skip

# A keypoint's score is the peak of its heat map before the softmax. 2 is the level above which the method's own
# drawings show a joint; it is put at confidence 0.5 here.
SCORE_AT_HALF = 2.0


class KeypointRcnn:
    """Finds everybody in the photo.

    Args:
        source: The weight file; by default where torchvision keeps it.
        person_score: Least score of a detection that counts as a person, [0, 1].
        short_side: The photo's shorter side in pixels as the network sees it. Less is faster and misses small people.
        most_people: How many to look for.

    Raises:
        BadWeights: The file is not that network's, or there is none; the text says where it goes and how to get it.
    """

    def __init__(
        self, source: Path | None = None, *, person_score: float = 0.7, short_side: int = 800, most_people: int = 20
    ) -> None:
        self.person_score = person_score
        state = read_published(source or kept())
        network = keypointrcnn_resnet50_fpn(
            weights=None, weights_backbone=None, min_size=short_side, box_detections_per_img=most_people
        )
        fit(network, state, source or Path(URL.rpartition("/")[2]), "torchvision's Keypoint R-CNN (ResNet-50 FPN)")
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eps = 0.0  # torchvision runs these published weights so
        self.network: nn.Module = placed(network)

    @torch.inference_mode()
    def detect(self, photo: Photo) -> list[Pose]:
        """All people, largest first, joints in photo pixels; empty when nobody is found."""
        image = torch.from_numpy(np.ascontiguousarray(photo.image)).permute(2, 0, 1).float() / 255
        found: dict[str, Tensor] = self.network([image])[0]
        people = found["scores"] >= self.person_score
        points: NDArray[np.float32] = found["keypoints"][people][..., :2].numpy()
        confidence: NDArray[np.float32] = torch.sigmoid(found["keypoints_scores"][people] - SCORE_AT_HALF).numpy()
        return largest_first(
            [to_coco18(p, c, COCO17_IN_COCO18, photo.size, threshold=0.5) for p, c in zip(points, confidence)]
        )


def kept() -> Path:
    """Where torchvision keeps these weights.

    Raises:
        BadWeights: They are not there; names the command that mends it.
    """
    path: Path = Path(torch.hub.get_dir()) / "checkpoints" / URL.rpartition("/")[2]
    if not path.is_file():
        raise BadWeights(
            f"{path}: Keypoint R-CNN's weights (226 MB) go here and are not fetched by this toolkit: "
            f"curl -L --create-dirs -o {path} {URL}; or give their file with --pose-source"
        )
    return path
