"""The two losses perception is trained with."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from viton_cli.vocabulary.labels import IGNORE, MERGED_12, N_LABELS, merge_table

# How much a pixel of each label counts: about frequency ** -0.35 in street photos, so that a hat is not outvoted by a
# wall.
LABEL_WEIGHTS = (
    0.4, 1.6, 1.0, 2.0, 2.2, 0.9, 1.0, 1.0, 1.6, 0.9, 1.4, 1.6, 1.0, 1.1, 1.3, 1.3, 1.0, 1.0, 1.5, 1.5, 1.5, 1.3,
)  # fmt: skip


def joint_loss(
    joints: Tensor, absent: Tensor, points: Tensor, seen: Tensor, known: Tensor, sigma: float = 1.0
) -> Tensor:
    """Cross-entropy between the joint's distribution over cells-or-absent and a Gaussian around its true cell.

    Args:
        joints: (B, J, h, w) logits at stride 4. absent: (B, J) logits.
        points: (B, J, 2) true (x, y) in input pixels. seen: (B, J) bool.
        known: (B,) 0 or 1, 0 where no pose is given: such a sample does not count.
        sigma: Of the Gaussian, in cells.

    Returns:
        Mean over the joints and the samples that count; 0 if none does.
    """
    h, w = joints.shape[2:]
    cells = (points - 1.5) / 4
    ys, xs = torch.arange(h, device=joints.device), torch.arange(w, device=joints.device)
    gx = torch.exp(-0.5 * ((xs - cells[:, :, :1]) / sigma) ** 2)
    gy = torch.exp(-0.5 * ((ys - cells[:, :, 1:]) / sigma) ** 2)
    target = gy[:, :, :, None] * gx[:, :, None, :]
    target = target.flatten(2)
    target = target / target.sum(2, keepdim=True).clamp_min(1e-6)
    target = torch.cat((target * seen[:, :, None], (~seen)[:, :, None].float()), 2)
    log = torch.cat((joints.flatten(2), absent[:, :, None]), 2).float().log_softmax(2)
    loss = -(target * log).sum(2).mean(1)
    return (loss * known).sum() / known.sum().clamp_min(1)


def label_loss(logits: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
    """Weighted cross-entropy plus, at half weight, the soft Dice loss over the 12 merged classes.

    The Dice term counts a class over the whole batch, as the mean IoU it stands for does over a data set.

    Args:
        logits: (B, 22, h, w). labels: (B, h, w) int64, `IGNORE` where unknown. weights: (22,).

    Returns:
        A scalar; 0 if no label is known.
    """
    logits = logits.float()
    if bool((labels == IGNORE).all()):
        return logits.sum() * 0
    entropy = F.cross_entropy(logits, labels, weights, ignore_index=IGNORE)
    table = torch.as_tensor(merge_table(), device=logits.device, dtype=torch.int64)
    groups = F.one_hot(table, len(MERGED_12)).float()  # (22, 12)
    known = (labels != IGNORE).float()
    chances = torch.einsum("bchw,cg->bghw", logits.softmax(1), groups) * known[:, None]
    truth = F.one_hot(table[labels.clamp_max(N_LABELS - 1)], len(MERGED_12)).permute(0, 3, 1, 2) * known[:, None]
    both, total = (chances * truth).sum((0, 2, 3)), (chances + truth).sum((0, 2, 3))
    present = truth.sum((0, 2, 3)) > 0
    dice = 1 - (2 * both + 1) / (total + 1)
    return entropy + 0.5 * dice[present].mean()
