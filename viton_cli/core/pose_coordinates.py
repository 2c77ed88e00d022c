"""The joints as coordinates: how far along and across the trunk and each arm a pixel lies.

The pose maps of the representation say where joints are; a network must work out by itself what follows from them for
the pixels between. These channels say it: to find the place on a garment, one has to know how far down the arm one is.

Departure: not in the paper. They are computed from the same 18 joints and show nothing else of the person.
"""

from __future__ import annotations

import torch
from torch import Tensor

from viton_cli.vocabulary.labels import L_ELBOW, L_HIP, L_SHOULDER, L_WRIST, NECK, R_ELBOW, R_HIP, R_SHOULDER, R_WRIST

COORDINATES = 2 + 3 * 2  # of the frame; of the trunk, the right and the left arm
REACH = 2.0  # torso lengths at which they end
SHORTEST = 16.0  # pixels that a torso is taken to be long at least


def pose_coordinates(joints: Tensor, seen: Tensor, size: tuple[int, int]) -> Tensor:
    """Coordinates of every second pixel.

    Args:
        joints: (B, 18, 2) (x, y) in the frame. seen: (B, 18) bool. size: (height, width), even.

    Returns:
        (B, 8, height / 2, width / 2): x and y from -1 to 1 between the frame's edges; then along and across the line
        neck - hips, right shoulder - elbow - wrist and left shoulder - elbow - wrist, in torso lengths, within
        [-2, 2]: along from the first joint on, across positive to the right of the way. 0 where the line is not seen;
        a wrist that is not seen is taken to go on from the elbow as far as the upper arm.
    """
    height, width = size
    joints = joints.float()
    rows, columns = (torch.arange(n // 2, device=joints.device) * 2 + 0.5 for n in size)
    y, x = torch.meshgrid(rows, columns, indexing="ij")
    points = torch.stack([x, y], 2).reshape(-1, 2)
    hip_seen = seen[:, [R_HIP, L_HIP]].float()[..., None]
    hips = (joints[:, [R_HIP, L_HIP]] * hip_seen).sum(1) / hip_seen.sum(1).clamp_min(1)
    trunk_seen = seen[:, NECK] & hip_seen.bool().any(1)[:, 0]
    shoulders = (joints[:, R_SHOULDER] - joints[:, L_SHOULDER]).norm(dim=1)
    torso = torch.where(trunk_seen, (hips - joints[:, NECK]).norm(dim=1), 1.5 * shoulders).clamp_min(SHORTEST)
    below = joints[:, NECK] + torch.stack([torch.zeros_like(torso), torso], 1)
    hips = torch.where(hip_seen.bool().any(1), hips, below)
    lines = [_line(points, torch.stack([joints[:, NECK], hips], 1), seen[:, NECK], torso)]
    for shoulder, elbow, wrist in ((R_SHOULDER, R_ELBOW, R_WRIST), (L_SHOULDER, L_ELBOW, L_WRIST)):
        onward = 2 * joints[:, elbow] - joints[:, shoulder]
        end = torch.where(seen[:, wrist, None], joints[:, wrist], onward)
        arm = torch.stack([joints[:, shoulder], joints[:, elbow], end], 1)
        lines.append(_line(points, arm, seen[:, shoulder] & seen[:, elbow], torso))
    frame = torch.stack([points[:, 0] / width * 2 - 1, points[:, 1] / height * 2 - 1])[None]
    flat = torch.cat([frame.expand(len(joints), -1, -1), *lines], 1)
    return flat.reshape(len(joints), COORDINATES, height // 2, width // 2)


def _line(points: Tensor, corners: Tensor, seen: Tensor, unit: Tensor) -> Tensor:
    """(B, 2, P) way along and signed distance across lines through `corners` (B, K, 2), in units of `unit` (B,); the
    first and the last piece go on beyond their ends."""
    last = corners.shape[1] - 2
    distance = along = across = torch.zeros(0)
    before = torch.zeros(len(corners), 1, device=points.device)
    for k in range(last + 1):
        way = corners[:, k + 1, None] - corners[:, k, None]
        length = way.norm(dim=2, keepdim=True).clamp_min(1e-3)
        way, offset = way / length, points[None] - corners[:, k, None]
        ahead = (offset * way).sum(2)
        side = way[..., 0] * offset[..., 1] - way[..., 1] * offset[..., 0]
        stop = ahead if k == 0 else ahead.clamp_min(0)
        stop = stop if k == last else torch.minimum(stop, length[..., 0])
        away = (ahead - stop) ** 2 + side**2
        piece = before + stop, torch.sign(side) * away.clamp_min(1e-6).sqrt()
        if k == 0:
            distance, (along, across) = away, piece
        else:
            nearer = away < distance
            along, across = torch.where(nearer, piece[0], along), torch.where(nearer, piece[1], across)
            distance = torch.minimum(distance, away)
        before = before + length[..., 0]
    both = torch.stack([along, across], 1) / unit[:, None, None]
    return both.clamp(-REACH, REACH) * seen.float()[:, None, None]
