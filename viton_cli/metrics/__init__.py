"""METRICS: name to a measure of results. One file a family, one line here a measure.

    structure.py   ssim, ms-ssim, psnr, face, kept      windows and pixels compared with the true picture
    colour.py      cie76, ciede2000, skin               colour errors as the eye sees them
    regions.py     region, iou, spill, outside          where the result differs from truth and photo
    encoder.py     encoder-mmd                          a frozen encoder's features, offline
    perceptual.py  lpips, lpips-vgg                     networks whose weights are fetched
    fidelity.py    is, fid, kid                         the Inception network, as torch-fidelity has it

A measure looks at one case at a time (`Metric.measure`) and keeps a row of numbers; the rows of many cases make its
score (`Metric.scorer`). So one protocol holds means over pictures and distances between sets of pictures, and
one bootstrap (`scores.py`) gives the intervals of both.
"""

from __future__ import annotations

from viton_cli.metrics.case import Case, Picture, Which
from viton_cli.metrics.metric import Encoder, Metric, Tools
from viton_cli.metrics.scores import Score
from viton_cli.registry import Registry

__all__ = ["METRICS", "Case", "Encoder", "Metric", "Picture", "Score", "Tools", "Which"]

METRICS = Registry(
    "metric",
    {
        "ssim": "viton_cli.metrics.structure:Ssim",
        "ms-ssim": "viton_cli.metrics.structure:MsSsim",
        "psnr": "viton_cli.metrics.structure:Psnr",
        "region": "viton_cli.metrics.regions:Region",
        "cie76": "viton_cli.metrics.colour:Cie76",
        "ciede2000": "viton_cli.metrics.colour:Ciede2000",
        "skin": "viton_cli.metrics.colour:Skin",
        "iou": "viton_cli.metrics.regions:MaskIou",
        "face": "viton_cli.metrics.structure:Face",
        "kept": "viton_cli.metrics.structure:Kept",
        "spill": "viton_cli.metrics.regions:Spill",
        "outside": "viton_cli.metrics.regions:Outside",
        "encoder-mmd": "viton_cli.metrics.encoder:EncoderMmd",
        "lpips": "viton_cli.metrics.perceptual:Lpips",
        "lpips-vgg": "viton_cli.metrics.perceptual:LpipsVgg",
        "is": "viton_cli.metrics.fidelity:InceptionScore",
        "fid": "viton_cli.metrics.fidelity:Fid",
        "kid": "viton_cli.metrics.fidelity:Kid",
    },
)
