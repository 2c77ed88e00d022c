"""The warp: from a garment's mask and the mask predicted on the person to a map between the two.

fit.py               start here: from outlines ("parts", "paper")
places.py            from the layout and the places that stage 1 predicts
target.py            what it aims at: the predicted mask, made whole behind arms, hair and bags
outlines.py          outlines of masks, and the one-way walk that matches two in order
shape_context.py     which point of one outline stands where a point of another does: the 12x5 bins
outline_matching.py  two outlines laid onto each other: shape contexts first, then the walk
parts/               the garment's parts beside the person's
tps.py               thin-plate splines, and reading a picture where a map says
warp_fitting.py      how stiff the splines must be, where layers lie, what stands in for them
warp_map.py          the finished warp, and the drawing of pictures through it
"""

from __future__ import annotations

from viton_cli.core.warp.fit import fit_warp, fit_warps
from viton_cli.core.warp.places import Places, fit_places
from viton_cli.core.warp.warp_map import Layer, Warp

__all__ = ["Layer", "Places", "Warp", "fit_places", "fit_warp", "fit_warps"]
