"""From the networks' small pictures to the photo's own size, touching only what the change of garment touches.

Three regions of the photo are painted anew; all other pixels stay those of the photo, exactly:

    garment    where the warped garment lies: alpha * garment + (1 - alpha) * coarse result (equation 2), the garment
               taken from its own photo at full resolution;
    uncovered  where the old garment was and the new one is not: skin (shaded by the coarse result, in the person's own
               skin colour), the lower clothes continued, or the background continued;
    rim        one or two network pixels around the old garment, where its colour bleeds into the background.

Face, hair, hands, bags and whatever else is not clothing to be replaced lie in front of the new garment.

Departure: the paper's result is the whole 256x192 picture of the networks. This is the same composition, pasted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage
from skimage.draw import polygon2mask

from viton_cli.core import labels as L
from viton_cli.core.filling import grow
from viton_cli.core.frames import crop, to_frame, torso_length
from viton_cli.core.product import Product
from viton_cli.core.warp import Warp
from viton_cli.records import Frame, Person, Pose

Mask = NDArray[np.float32]
Bools = NDArray[np.bool_]
Picture = NDArray[np.uint8]

# Labels a new garment replaces, and those that always lie in front of it.
REPLACED = (L.UPPER, L.COAT, L.DRESS, L.JUMPSUITS)
IN_FRONT = (L.HAT, L.HAIR, L.SUNGLASSES, L.FACE, L.GLOVE, L.SCARF, L.BAG)
LOWER = (L.PANTS, L.SKIRT, L.L_LEG, L.R_LEG)
GRAIN = 1.2  # network pixels: what is smaller than about twice this in the predicted mask is noise
WORKING = 1600  # longest side at which regions are computed; a larger photo's regions are enlarged from there


@dataclass(frozen=True, eq=False)
class Painted:
    """What the networks and the warp have to say, in the network frame.

    Attributes:
        coarse: (h, w, 3) uint8, I'. mask: (h, w), the predicted clothing mask M. alpha: (h, w), the composition mask.
        product: The garment. warp: From it to the frame.
    """

    coarse: Picture
    mask: Mask
    alpha: Mask
    product: Product
    warp: Warp


def lay_in(person: Person, frame: Frame, painted: Painted) -> tuple[Picture, Bools]:
    """The photo with the garment laid in.

    Args:
        person: Photo, labels and pose. frame: The part of the photo the networks saw. painted: What they made of it.

    Returns:
        (H, W, 3) uint8 and (H, W) bool, where it may differ from the photo.
    """
    photo = person.photo.image
    height, width = photo.shape[:2]
    x0, y0, x1, y1 = frame.box
    a, b, c, d = max(x0, 0), max(y0, 0), min(x1, width), min(y1, height)
    out, edited = photo.copy(), np.zeros((height, width), bool)
    if c <= a or d <= b:
        return out, edited
    scale = min(1.0, WORKING / max(d - b, c - a))
    size = max(round((d - b) * scale), 1), max(round((c - a) * scale), 1)
    part = Frame((a, b, c, d), size)
    regions = find_regions(person, frame, part, painted)
    original = crop(photo, part).astype(np.uint8)
    fresh, matte = paint(original, person, part, regions, frame, painted)
    patch = photo[b:d, a:c]
    if scale < 1.0:
        fresh = _resize(fresh, patch.shape[:2])
        matte = _resize(matte, patch.shape[:2])
        opacity = _resize(regions.garment, patch.shape[:2])
        garment = _garment_layer(painted, frame, Frame((a, b, c, d), (d - b, c - a)), opacity > 0)
        share = (opacity * _resize(regions.alpha, patch.shape[:2]))[:, :, None]
        fresh = np.clip(fresh * (1 - share) + garment * share, 0, 255)
    matte = matte[:, :, None]
    blended = patch + matte * (fresh.astype(np.float32) - patch)
    changed = matte[:, :, 0] > 1e-3
    out[b:d, a:c] = np.where(changed[:, :, None], np.clip(blended + 0.5, 0, 255), patch).astype(np.uint8)
    edited[b:d, a:c] = changed
    return out, edited


@dataclass(frozen=True, eq=False)
class Regions:
    """Where what is painted, (h, w) of the part.

    Attributes:
        garment: Opacity of the new garment in [0, 1]. alpha: Share of the warped garment in it.
        skin, lower, scene: What the old garment uncovers.
        turn: How far the surface of an arm turns away from the viewer: 0 over the bone, 1 at the outline; 0 off the
            arms.
        front: What lies in front of the new garment.
        labels: Of the part.
    """

    garment: Mask
    alpha: Mask
    skin: Bools
    lower: Bools
    scene: Bools
    turn: Mask
    front: Bools
    labels: NDArray[np.uint8]


def find_regions(person: Person, frame: Frame, part: Frame, painted: Painted) -> Regions:
    """Sort the pixels of a part of the photo into new garment and uncovered skin, lower clothes and background."""
    labels = crop(person.parsing.labels, part, fill=L.BACKGROUND, nearest=True).astype(np.uint8)
    pose = _pose_in(person.pose, part)
    torso = torso_length(pose)
    pixel = part.size[0] / (part.box[3] - part.box[1]) * (frame.box[3] - frame.box[1]) / frame.size[0]  # of the network
    # The predicted mask carries the grain of the generator's transposed convolutions, which would notch the outline.
    mask = _from_frame(np.asarray(ndimage.gaussian_filter(painted.mask, GRAIN), np.float32), frame, part)
    alpha = _from_frame(painted.alpha, frame, part)
    laid = painted.warp.apply(painted.product.sharp_mask, part.size, _box_in(frame, part), fill=0.0).clip(0, 1)

    arms = np.isin(labels, L.ARMS)
    hands = arms & _hands(pose, part.size)
    # An arm in front of the body stays in front; where the network predicts a sleeve, the arm is covered.
    bare = arms & (mask < 0.5) & ~_sleeves(pose, part.size, laid > 0.5, torso)
    front = np.isin(labels, IN_FRONT) | hands | bare
    old = np.isin(labels, REPLACED)

    # Over the background and the old garment, the new one goes as far as the predicted mask: between arm and body the
    # background stays, and a forearm that the old sleeve hid comes out in front of the body.
    beside = (labels == L.BACKGROUND) | old
    laid = np.where(beside, laid * ((mask - 0.15) / 0.3).clip(0, 1), laid)
    # Gaps between the warped garment and the predicted mask, over the old garment, belong to the new one.
    near = ndimage.distance_transform_edt(laid <= 0.5) < 8 * pixel if (laid > 0.5).any() else laid > 0.5
    gap = old & (mask > 0.5) & near
    garment = np.where(gap, 1.0, laid) * ~front
    garment = np.minimum(garment, 1 - _soft(front, 0.5 * pixel) * ~gap).clip(0, 1) if front.any() else garment
    garment[front] = 0

    dressed = np.isin(labels, (L.DRESS, L.JUMPSUITS)) & ~_above_hem(garment > 0.5, pose, torso)
    uncovered = old & ~dressed & (garment < 0.98)
    halo = ndimage.binary_dilation(old & ~dressed, iterations=max(round(1.5 * pixel), 1)) & (labels == L.BACKGROUND)
    uncovered |= halo & (garment < 0.98)
    skin, lower, turn = _beneath(pose, torso, garment > 0.5)
    skin &= ~halo
    lower &= ~halo
    worn_below = np.flatnonzero(np.isin(labels, LOWER).any(0))
    if len(worn_below):  # no trousers or skirt beside those that can be seen
        columns = np.arange(labels.shape[1])
        lower &= (columns >= worn_below[0]) & (columns <= worn_below[-1])
    return Regions(
        garment.astype(np.float32), np.where(gap & (laid <= 0.5), np.maximum(alpha, 0.9), alpha).astype(np.float32),
        uncovered & skin, uncovered & lower & ~skin, uncovered & ~skin & ~lower, turn, front, labels,
    )  # fmt: skip


def paint(
    original: Picture, person: Person, part: Frame, regions: Regions, frame: Frame, painted: Painted
) -> tuple[NDArray[np.float32], Mask]:
    """The part painted anew and the matte (h, w) with which it is blended over the photo."""
    coarse = np.stack([_from_frame(painted.coarse[:, :, i].astype(np.float32), frame, part) for i in range(3)], 2)
    base = original.astype(np.float32)
    labels = regions.labels
    pixel = part.size[0] / painted.mask.shape[0]
    uncovered = regions.skin | regions.lower | regions.scene
    if regions.scene.any():
        known = (labels == L.BACKGROUND) & ~uncovered
        base[regions.scene] = grow_within(original, known, regions.scene)
    if regions.lower.any():
        known = np.isin(labels, LOWER) & ~uncovered
        base[regions.lower] = grow_within(original, known, regions.lower) if known.any() else coarse[regions.lower]
    if regions.skin.any():
        base[regions.skin] = _skin_colours(original, regions, coarse, pixel)
    garment = _garment_layer(painted, frame, part, regions.garment > 0)
    alpha = regions.alpha[:, :, None]
    new = alpha * garment + (1 - alpha) * coarse
    opacity = regions.garment[:, :, None]
    fresh = base * (1 - opacity) + new * opacity
    soft = _soft(uncovered, 0.4 * pixel) * ~regions.front
    matte = np.maximum(regions.garment, np.maximum(soft * (soft > 0.05), uncovered.astype(np.float32)))
    matte[regions.front] = 0
    return np.asarray(fresh, np.float32), np.asarray(matte, np.float32)


def grow_within(image: Picture, known: Bools, wanted: Bools) -> NDArray[np.float32]:
    """(n, 3) colours for the wanted pixels, spread in from the known ones (at a bounded size)."""
    if not known.any():
        return np.full((int(wanted.sum()), 3), 127.0, np.float32)
    step = max(max(wanted.shape) // 512, 1)
    small = grow(image[::step, ::step], known[::step, ::step])
    if step > 1:
        small = _resize(small, wanted.shape)
    return np.asarray(small[wanted], np.float32)


def _garment_layer(painted: Painted, frame: Frame, part: Frame, wanted: Bools) -> NDArray[np.float32]:
    """(h, w, 3) the garment from its own photo, as it lies on the person; where the warp left a gap in what is wanted,
    its colours go on."""
    box = _box_in(frame, part)
    layer = painted.warp.apply(painted.product.sharp, part.size, box, fill=255.0)
    there = painted.warp.apply(painted.product.sharp_mask, part.size, box, fill=0.0) > 0.5
    gap = wanted & ~there
    if gap.any() and there.any():
        layer[gap] = grow_within(layer.clip(0, 255).astype(np.uint8), there, gap)
    return np.asarray(layer, np.float32)


def _skin_colours(
    original: Picture, regions: Regions, coarse: NDArray[np.float32], pixel: float
) -> NDArray[np.float32]:
    """(n, 3) skin: the person's own colour (median of what skin shows), light and shade of the coarse result without
    the grain of its pixels, and the roundness of an arm."""
    labels, skin = regions.labels, regions.skin
    shown = np.isin(labels, L.SKIN) & ~skin
    if shown.sum() < 50:
        return coarse[skin]
    # The arms and the neck are the best guide to bare arms and chest; the face may be made up or in shade.
    body = np.isin(labels, (L.L_ARM, L.R_ARM, L.NECK_SKIN)) & ~skin
    own = np.median(original[body if body.sum() > 200 else shown].astype(np.float32), axis=0)
    light = ndimage.gaussian_filter(coarse.mean(2) * skin, 3 * pixel) / np.maximum(_soft(skin, 3 * pixel), 1e-3)
    shade = (light[skin] / max(float(np.median(light[skin])), 1.0)).clip(0.8, 1.15)
    shade *= 1.04 - 0.26 * regions.turn[skin] ** 3
    return np.asarray((own * shade[:, None]).clip(0, 255), np.float32)


def _beneath(pose: Pose, torso: float, garment: Bools) -> tuple[Bools, Bools, Mask]:
    """Where a body shows skin (arms, neck, chest above the collar) and where lower clothes if no garment covers it (the
    two may overlap); and how far an arm's surface turns away, see `Regions`."""
    size = (garment.shape[0], garment.shape[1])
    lower = np.zeros(size, bool)
    joints, seen = pose.joints, pose.seen
    reach = np.full(size, np.inf, np.float32)  # distance from the nearest arm bone over the arm's thickness there
    for shoulder, elbow, wrist in ((L.R_SHOULDER, L.R_ELBOW, L.R_WRIST), (L.L_SHOULDER, L.L_ELBOW, L.L_WRIST)):
        if seen[shoulder] and seen[elbow]:
            reach = np.minimum(reach, thickness(size, joints[shoulder], joints[elbow], 0.115 * torso, 0.09 * torso))
            if seen[wrist]:
                reach = np.minimum(reach, thickness(size, joints[elbow], joints[wrist], 0.088 * torso, 0.06 * torso))
    skin = reach <= 1
    turn = np.where(skin, reach, 0).astype(np.float32)
    if seen[L.R_SHOULDER] and seen[L.L_SHOULDER] and seen[L.NECK]:
        right, left, neck = joints[L.R_SHOULDER], joints[L.L_SHOULDER], joints[L.NECK]
        chest = neck + np.array((0, 0.38 * torso))
        up, throat = np.array((0, 0.3 * torso)), np.array((0.16 * torso, 0))
        outline = np.stack([
            right, chest + (right - neck) * 0.6, chest + (left - neck) * 0.6, left,
            neck + throat - up * 0.5, neck - up, neck - throat - up * 0.5,
        ])  # fmt: skip
        region = polygon2mask(size, outline[:, ::-1])  # type: ignore[no-untyped-call]
        # Skin shows in the neckline: above the new garment's collar, never below it.
        skin |= region & ~_below(garment)
    hips = joints[[j for j in (L.R_HIP, L.L_HIP) if seen[j]]]
    if len(hips):
        rows = np.arange(size[0])[:, None] > float(hips[:, 1].mean()) - 0.3 * torso
        columns = np.arange(size[1])[None]
        lower = rows & (columns > hips[:, 0].min() - 0.28 * torso) & (columns < hips[:, 0].max() + 0.28 * torso)
    return skin, lower, turn


def thickness(
    size: tuple[int, int], start: NDArray[np.float32], end: NDArray[np.float32], r0: float, r1: float
) -> NDArray[np.float32]:
    """(h, w) distance from the segment start-end, over a radius that goes from r0 to r1 along it."""
    ys, xs = np.mgrid[: size[0], : size[1]]
    way = np.asarray(end - start, np.float64)
    along = ((xs - start[0]) * way[0] + (ys - start[1]) * way[1]) / max(float(way @ way), 1e-6)
    along = along.clip(0, 1)
    distance = np.hypot(xs - start[0] - along * way[0], ys - start[1] - along * way[1])
    return np.asarray(distance / (r0 + (r1 - r0) * along), np.float32)


def capsule(size: tuple[int, int], start: NDArray[np.float32], end: NDArray[np.float32], r0: float, r1: float) -> Bools:
    """(h, w) pixels within a radius, that goes from r0 to r1, of the segment from start to end."""
    return np.asarray(thickness(size, start, end, r0, r1) <= 1)


def _below(garment: Bools) -> Bools:
    """Pixels off the garment with garment above them in their column."""
    return np.logical_or.accumulate(garment, axis=0) & ~garment


def _above_hem(garment: Bools, pose: Pose, torso: float) -> Bools:
    """Rows above the new garment's hem, counted between the hips."""
    hips = [pose.joints[j] for j in (L.R_HIP, L.L_HIP) if pose.seen[j]]
    if not garment.any():
        return np.zeros(garment.shape, bool)
    columns = garment
    if len(hips) == 2:
        xs = sorted(int(h[0]) for h in hips)
        middle = garment[:, max(xs[0], 0) : max(xs[1], xs[0] + 1)]
        columns = middle if middle.any() else garment
    hem = int(np.flatnonzero(columns.any(1))[-1])
    return np.broadcast_to(np.arange(garment.shape[0])[:, None] <= hem, garment.shape)


def _hands(pose: Pose, size: tuple[int, int]) -> Bools:
    """Pixels beyond each wrist, seen along the forearm."""
    ys, xs = np.mgrid[: size[0], : size[1]]
    hands = np.zeros(size, bool)
    for elbow, wrist in ((L.R_ELBOW, L.R_WRIST), (L.L_ELBOW, L.L_WRIST)):
        if pose.seen[elbow] and pose.seen[wrist]:
            way = pose.joints[wrist] - pose.joints[elbow]
            length = max(float(np.hypot(*way)), 1.0)
            beyond = ((xs - pose.joints[wrist][0]) * way[0] + (ys - pose.joints[wrist][1]) * way[1]) / length
            near = np.hypot(xs - pose.joints[wrist][0], ys - pose.joints[wrist][1]) < 0.9 * length
            hands |= (beyond > -0.04 * length) & near
    return hands


def _sleeves(pose: Pose, size: tuple[int, int], laid: Bools, torso: float) -> Bools:
    """Warped garment that lies along an arm's bone: a sleeve, which covers the arm it was laid on."""
    sleeves = np.zeros(size, bool)
    for shoulder, elbow, wrist in ((L.R_SHOULDER, L.R_ELBOW, L.R_WRIST), (L.L_SHOULDER, L.L_ELBOW, L.L_WRIST)):
        for a, b in ((shoulder, elbow), (elbow, wrist)):
            if pose.seen[a] and pose.seen[b]:
                steps = np.linspace(0, 1, 24)[:, None]
                line = (pose.joints[a] + steps * (pose.joints[b] - pose.joints[a])).round().astype(int)
                inside = (line >= 0).all(1) & (line < (size[1], size[0])).all(1)
                line = line[inside]
                if len(line) and laid[line[:, 1], line[:, 0]].mean() > 0.75:
                    sleeves |= capsule(size, pose.joints[a], pose.joints[b], 0.14 * torso, 0.12 * torso)
    return sleeves & laid


def _soft(mask: Bools, sigma: float) -> Mask:
    return np.asarray(ndimage.gaussian_filter(mask.astype(np.float32), max(sigma, 0.3)), np.float32)


def _pose_in(pose: Pose, frame: Frame) -> Pose:
    return Pose(to_frame(pose.joints, frame), pose.seen, pose.confidence)


def _box_in(frame: Frame, part: Frame) -> tuple[float, float, float, float]:
    """The network frame's box in pixels of the part."""
    a, b, c, d = part.box
    sx, sy = part.size[1] / (c - a), part.size[0] / (d - b)
    x0, y0, x1, y1 = frame.box
    return (x0 - a) * sx, (y0 - b) * sy, (x1 - a) * sx, (y1 - b) * sy


def _from_frame(values: Mask, frame: Frame, part: Frame) -> Mask:
    """(h, w) values of the network frame at the part's pixels, bilinear."""
    x0, y0, x1, y1 = frame.box
    fx, fy = values.shape[1] / (x1 - x0), values.shape[0] / (y1 - y0)
    a, b, c, d = part.box
    box = ((a - x0) * fx, (b - y0) * fy, (c - x0) * fx, (d - y0) * fy)
    picture = Image.fromarray(np.ascontiguousarray(values, np.float32))
    box = (max(box[0], 0.0), max(box[1], 0.0), min(box[2], float(values.shape[1])), min(box[3], float(values.shape[0])))
    return np.asarray(picture.resize((part.size[1], part.size[0]), Image.Resampling.BILINEAR, box=box))


def _resize(values: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    planes = values if values.ndim == 3 else values[:, :, None]
    out = [
        np.asarray(
            Image.fromarray(np.ascontiguousarray(planes[:, :, i], np.float32)).resize(
                size[::-1], Image.Resampling.BILINEAR
            )
        )
        for i in range(planes.shape[2])
    ]
    return np.stack(out, 2) if values.ndim == 3 else out[0]
