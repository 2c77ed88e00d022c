"""Garments on plain backgrounds: a smooth model of the background, fitted to the border, and what departs from it.

The background may be of any colour, with gradients, vignettes, soft shadows and JPEG noise. A colour rule cannot tell a
white shirt from a white table, so faint edges count as well: the background is what can be reached from the border
without crossing an edge or a departure from the model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.color import rgb2lab
from skimage.morphology import reconstruction
from skimage.segmentation import watershed

from viton_cli.imaging.gradients import channels_steepness, steepness
from viton_cli.perception.garments.tidy import ball, tidy

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]

BORDER = 0.04  # width of the border band as a share of the shorter side
NOISE_FLOOR = (0.4, 0.4, 0.4)  # Lab units: 8-bit rounding and JPEG alone make this much
SHADOW_REACH = 0.08  # how far from clear background a shadow may reach, as a share of the longer side
RINGING = 0.08  # JPEG's noise beside a garment, as a share of the departure there
FADES = 0.35  # edge of a shadow towards the background over its edge towards the garment, at most
TYPICAL_PLAIN_NOISE = 4.0  # Lab units of residual at which a background counts as half plain
# By eye, on rendered and photographed garments; tests/benchmarks/bench_garment_masks.py measures what comes of it.
# Departures and edges are in units of the background's noise, lengths in pixels of the working picture.
SMOOTH, COARSE = 0.7, 2.5  # standard deviations at which departures and edges, and ramps, are looked at
BACKGROUND, NOT_SEED = 6.0, 8.0  # departures up to which a pixel may be background, and may be where it begins
QUIET = 0.4  # median edge of a background without texture
CERTAIN = 99  # percentile of the border's departures that counts as background
LEAST, MOST = 2.0, 4.5  # limits of the departure that the background may not cross
DOUBLE = 2.0  # times that percentile, or that departure: where it is certain
BLOCK = 17  # JPEG's ringing reaches over its block of 8 and the next
SAMPLED, ROUNDS = 4000, 12  # pixels that the background is fitted to; rounds of re-weighting
MAD = 1.4826  # from the median absolute deviation of normal noise to its standard deviation
OUTLIER = 2.5  # standard deviations at which a pixel has a quarter of the weight
CLIPPED = 254.5, 255.5  # a channel from the first on is clipped, unless the model itself stays below the second
OFF, AGREEING = 8.0, 0.8  # Lab units from the model; share of the border nearer than that which makes it wholly plain
RAMP = 1.3  # times the coarse steepness: what is as steep as that is a ramp, no edge
RINGS, NEAR = 0.15, 9  # an edge weaker than this share of one in the window is JPEG's ringing
STRONG_EDGE, WEAK_EDGE = 2.2, 1.1
SHADOW = (-1.0, 35.0)  # Lab units by which a shadow is darker
SHADOW_CHROMA = (2.5, 0.15)  # Lab units of chroma that it may differ by, and for each unit that it is darker
BRIGHTER = 1.5  # Lab units: what is brighter by more than all ways to it is garment behind its rim
LIGHTNESS = 100.0  # of white
EATEN = 0.25  # of the garment: a shadow larger than this is none


@dataclass(frozen=True, eq=False)
class Plain:
    """What the plain method found.

    Attributes:
        mask: (h, w) bool.
        plainness: [0, 1], how well the border is one smooth background.
        distance: (h, w) float32, departure from the background model in units of its noise.
    """

    mask: Bools
    plainness: float
    distance: Floats


def cut_plain(rgb: Floats, lab: Floats) -> Plain:
    """Cut the garment from a plain background.

    Args:
        rgb: (h, w, 3) RGB 0..255, a picture of moderate size (about 100 to 512 pixels).
        lab: (h, w, 3) the same in CIELAB.
    """
    height, width = lab.shape[:2]
    band = max(2, round(BORDER * min(height, width)))
    seeds = np.ones((height, width), bool)
    seeds[band:-band, band:-band] = False
    smooth = blur(lab, SMOOTH)

    background = _fit_background(rgb, seeds, degree=2)
    plainness = _plainness(smooth, background, seeds)
    distance, noise = _distance(smooth, background, seeds)
    # A second fit, of higher order, on everything that looks like background: vignettes curve between the borders.
    near = ndimage.binary_erosion(_reach(distance < BACKGROUND, seeds), iterations=band // 2 + 1, border_value=1)
    if near.sum() > 0.5 * seeds.sum():
        background = _fit_background(rgb, near, degree=3)
        distance, noise = _distance(smooth, background, near)

    edges = _edges(smooth, noise)
    edges /= max(1.0, float(np.median(edges[near])) / QUIET)
    # An exact background, white to the last bit, shows departures that would drown in JPEG noise.
    border = distance[seeds & (distance < BACKGROUND)]
    least = float(np.clip(DOUBLE * np.percentile(border, CERTAIN), LEAST, MOST)) if border.size else MOST
    ringing = distance < np.minimum(RINGING * ndimage.maximum_filter(distance, BLOCK), BACKGROUND)
    outside = _reach(~_barrier(np.where(ringing, 0.0, distance), edges, least), seeds & (distance < NOT_SEED))
    outside = _grow_over_shadow(outside, smooth, background, edges)
    mask = snap(tidy(~outside, distance), smooth)
    return Plain(mask, plainness, distance)


def _fit_background(rgb: Floats, where: Bools, degree: int) -> Floats:
    """Polynomial of x and y per colour channel, fitted by iteratively re-weighted least squares, as (h, w, 3) Lab.

    Light falls off smoothly in RGB until a channel is clipped at 255; pixels that the polynomial has beyond that say
    nothing more, and are left out of the channel's fit.
    """
    height, width = rgb.shape[:2]
    y, x = np.linspace(-1, 1, height, dtype=np.float32), np.linspace(-1, 1, width, dtype=np.float32)
    powers = [(i, j) for i in range(degree + 1) for j in range(degree + 1 - i)]
    rows, columns = np.nonzero(where)
    some = slice(None, None, max(1, rows.size // SAMPLED))
    rows, columns = rows[some], columns[some]
    a = np.stack([y[rows] ** i * x[columns] ** j for i, j in powers], -1)
    b = rgb[rows, columns]
    # Start from the median: a garment that touches the border must not bend the first fit.
    expected = np.broadcast_to(np.median(b, axis=0), b.shape)
    ridge = 1e-3 * np.eye(len(powers), dtype=np.float32)
    ridge[0, 0] = 0.0  # the constant term is not held back
    coefficients = np.zeros((len(powers), 3), np.float32)
    for _ in range(ROUNDS):
        residual = b - np.minimum(expected, 255.0)
        sigma = np.maximum(MAD * np.median(np.abs(residual), axis=0), 1.0)
        weight = 1.0 / (1.0 + np.square(residual / (OUTLIER * sigma)).sum(1)) ** 2
        for channel in range(3):
            told = weight * ((b[:, channel] < CLIPPED[0]) | (expected[:, channel] < CLIPPED[1]))
            total = max(1.0, float(told.sum()))
            normal = a.T @ (a * told[:, None]) + ridge * total + 1e-6 * np.eye(len(powers), dtype=np.float32)
            coefficients[:, channel] = np.linalg.solve(normal, a.T @ (b[:, channel] * told))
        expected = a @ coefficients
    model = np.zeros(rgb.shape, np.float32)
    for (i, j), coefficient in zip(powers, coefficients, strict=True):
        model += (y[:, None] ** i * x[None, :] ** j)[..., None] * coefficient
    return np.asarray(rgb2lab(np.clip(model, 0.0, 255.0) / 255.0), np.float32)


def _distance(lab: Floats, background: Floats, where: Bools) -> tuple[Floats, Floats]:
    """Departure from the background model in units of its noise, and that noise (3,), as seen in `where`."""
    residual = lab - background
    noise = np.maximum(MAD * np.median(np.abs(residual[where]), axis=0), NOISE_FLOOR).astype(np.float32)
    return np.asarray(np.sqrt(np.square(residual / noise).sum(-1)), np.float32), noise


def _plainness(lab: Floats, background: Floats, seeds: Bools) -> float:
    """How much of the border agrees with one smooth background, and how quiet it is."""
    residual = np.sqrt(np.square(lab - background).sum(-1))[seeds]
    quiet = 1.0 / (1.0 + (np.median(residual) / TYPICAL_PLAIN_NOISE) ** 2)
    agreeing = float(np.mean(residual < OFF))
    return float(quiet * min(1.0, agreeing / AGREEING))


def _edges(lab: Floats, noise: Floats) -> Floats:
    """Strength of sharp edges in units of noise.

    A soft ramp (shadow, vignette) is as steep at a coarse scale as at a fine one and cancels; next to a strong edge a
    weak one is JPEG's ringing.
    """
    total = np.zeros(lab.shape[:2], np.float32)
    for channel in range(3):
        coarse = steepness(ndimage.gaussian_filter(lab[..., channel], COARSE))
        sharp = np.maximum(0.0, steepness(lab[..., channel]) - RAMP * coarse)
        total += np.square(sharp / noise[channel])
    edges = np.sqrt(total)
    return np.asarray(np.where(edges < RINGS * ndimage.maximum_filter(edges, NEAR), 0.0, edges), np.float32)


def _barrier(distance: Floats, edges: Floats, least: float) -> Bools:
    """Pixels the background may not cross: clear departures, and weaker ones or faint edges that continue them.

    `least` is the weakest departure that counts, in units of noise.
    """
    strong = (distance > DOUBLE * least) | (edges > STRONG_EDGE)
    weak = (distance > least) | (edges > WEAK_EDGE)
    labels, count = ndimage.label(weak, np.ones((3, 3)))
    keep = np.zeros(count + 1, bool)
    keep[np.unique(labels[strong])] = True
    keep[0] = False
    return np.asarray(ndimage.binary_closing(np.pad(keep[labels], 2), np.ones((3, 3)))[2:-2, 2:-2])


def _reach(free: Bools, seeds: Bools) -> Bools:
    """The part of `free` connected with the seeds."""
    labels, count = ndimage.label(free)
    keep = np.zeros(count + 1, bool)
    keep[np.unique(labels[seeds & free])] = True
    keep[0] = False
    return np.asarray(keep[labels])


def _grow_over_shadow(outside: Bools, lab: Floats, background: Floats, edges: Floats) -> Bools:
    """Let the background grow over soft shadows: darker, of the background's chroma, and without a sharp edge.

    A grey garment on a grey table looks the same inside but has an edge round it. Should that edge leak, the growth
    would eat the garment: it is bounded in reach, and growth over more than a quarter is not believed.
    """
    darker = background[..., 0] - lab[..., 0]
    chroma = np.hypot(lab[..., 1] - background[..., 1], lab[..., 2] - background[..., 2])
    near = ndimage.distance_transform_edt(~outside) < SHADOW_REACH * max(outside.shape)
    shadow = near & (darker > SHADOW[0]) & (darker < SHADOW[1]) & (edges < WEAK_EDGE)
    shadow &= chroma < SHADOW_CHROMA[0] + SHADOW_CHROMA[1] * darker
    # A shadow darkens all the way to the garment. Whatever is brighter than every way to it is garment behind its rim.
    depth = np.where(shadow | outside, darker, LIGHTNESS)
    level = reconstruction(np.where(outside, depth, LIGHTNESS), depth, method="erosion")  # type: ignore[no-untyped-call]
    shadow &= level - darker < BRIGHTER
    grown = _reach(ndimage.binary_opening(shadow | outside, ball(2)) | outside, outside)
    eaten = grown & ~outside
    if eaten.sum() > EATEN * (~outside).sum():
        return outside
    return outside | _faded(eaten, outside, lab)


def _faded(eaten: Bools, outside: Bools, lab: Floats) -> Bools:
    """The pieces of `eaten` that fade into the background and end at an edge, as shadows do.

    Faint garments begin at an edge and go on within: a piece of one has the stronger edge towards the background.
    """
    steep = np.sqrt(sum(np.square(steepness(lab[..., c])) for c in range(3)))
    garment = ~outside & ~eaten
    labels, _ = ndimage.label(eaten)
    shadows = np.zeros_like(eaten)
    for index, box in enumerate(ndimage.find_objects(labels), 1):
        box = tuple(slice(max(0, side.start - 3), side.stop + 3) for side in box)
        part = ndimage.binary_dilation(labels[box] == index, iterations=2)
        begins, ends = steep[box][part & outside[box]], steep[box][part & garment[box]]
        if ends.size == 0 or begins.mean() < FADES * ends.mean():
            shadows[box] |= labels[box] == index
    return shadows


def snap(mask: Bools, lab: Floats) -> Bools:
    """Move the edge of the mask onto the strongest edge of the (blurred) picture within a few pixels (watershed)."""
    core = ndimage.binary_erosion(mask, iterations=3, border_value=1)
    markers = np.where(core, 1, np.where(ndimage.binary_dilation(mask, iterations=2), 0, 2))
    # Parts too thin to have a core keep the mask they had.
    thin = mask & ~ndimage.binary_dilation(core, iterations=4)
    basins = watershed(channels_steepness(lab), markers)  # type: ignore[no-untyped-call]
    return np.asarray((basins == 1) | thin)


def blur(lab: Floats, sigma: float) -> Floats:
    return np.stack([ndimage.gaussian_filter(lab[..., c], sigma) for c in range(3)], -1)
