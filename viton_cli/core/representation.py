"""The clothing-agnostic person representation p: 18 pose maps, 1 body-shape map, 3 channels of face and hair.

Source: VITON section 3.1; numbers from the published code (utils.extract_pose_map, utils.extract_segmentation).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from viton_cli.vocabulary.labels import BACKGROUND, BAG, HEAD, N_JOINTS

CHANNELS = N_JOINTS + 1 + 3
POSE_RADIUS = 5  # an 11x11 square: the centre and 5 pixels to each side
SHAPE_SIZE = (16, 12)
# The parts of p, which the paper's figure 7 takes out one by one, and their channels.
PARTS = {"pose": slice(0, N_JOINTS), "shape": slice(N_JOINTS, N_JOINTS + 1), "head": slice(N_JOINTS + 1, CHANNELS)}


def pose_maps(joints: Tensor, seen: Tensor, size: tuple[int, int]) -> Tensor:
    """One map a joint: ones in the 11x11 square around it, zeros elsewhere; all zeros for an unseen joint.

    Source: section 3.1. As in the code, coordinates are cut to whole pixels.

    Args:
        joints: (B, 18, 2) (x, y) in the frame. seen: (B, 18) bool. size: (height, width).

    Returns:
        (B, 18, height, width) of 0 and 1.
    """
    height, width = size
    centre = joints.floor()
    near_x = (torch.arange(width, device=joints.device) - centre[..., :1]).abs() <= POSE_RADIUS  # (B, 18, width)
    near_y = (torch.arange(height, device=joints.device) - centre[..., 1:]).abs() <= POSE_RADIUS
    return (near_y[..., :, None] & near_x[..., None, :] & seen[..., None, None]).float()


def body_mask(labels: Tensor) -> Tensor:
    """(B, 1, H, W) of the body: everything but background, head (hat, hair, sunglasses, face) and held things.

    Departure: bags (label 21) are left out; LIP, which the paper's labels come from, counts them as background.
    """
    outside = torch.zeros_like(labels, dtype=torch.bool)
    for label in (BACKGROUND, BAG, *HEAD):
        outside |= labels == label
    return (~outside).float()[:, None]


def coarse_shape(labels: Tensor) -> Tensor:
    """(B, 1, 16, 12) area average of the body mask: too coarse to show the outline of the clothes worn now."""
    return F.interpolate(body_mask(labels), SHAPE_SIZE, mode="area")


def head_mask(labels: Tensor) -> Tensor:
    """(B, 1, H, W) of hat, hair, sunglasses and face."""
    inside = torch.zeros_like(labels, dtype=torch.bool)
    for label in HEAD:
        inside |= labels == label
    return inside.float()[:, None]


def represent(image: Tensor, labels: Tensor, joints: Tensor, seen: Tensor) -> Tensor:
    """The person representation p.

    Source: section 3.1 and figure 3. The head is the image in [-1, 1] times its mask, so that elsewhere is 0 (grey).

    Args:
        image: (B, 3, H, W) in [-1, 1]. labels: (B, H, W) int64. joints: (B, 18, 2). seen: (B, 18) bool.

    Returns:
        (B, 22, H, W): 18 pose maps, body shape in [0, 1], head in [-1, 1].
    """
    size = (image.shape[2], image.shape[3])
    shape = F.interpolate(coarse_shape(labels), size, mode="bilinear", align_corners=False)
    return torch.cat((pose_maps(joints, seen, size), shape, image * head_mask(labels)), 1)


def leave_out(representation: Tensor, without: Sequence[str]) -> Tensor:
    """(B, 22, H, W) p with zeros in place of the parts of these names."""
    if not without:
        return representation
    kept = representation.clone()
    for part in without:
        kept[:, PARTS[part]] = 0
    return kept
