"""Drawn garments with known masks: what is cut out is what was drawn, whatever lies behind it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from viton_cli.errors import BadMask, NoGarmentFound
from viton_cli.lights import check_of
from viton_cli.perception.garments import cut
from viton_cli.perception.garments.cut import cut_garment
from viton_cli.records import Photo

SHORT = ((0.38, 0.2), (0.62, 0.2), (0.94, 0.34), (0.86, 0.46), (0.72, 0.38), (0.72, 0.72), (0.28, 0.72), (0.28, 0.38),
         (0.14, 0.46), (0.06, 0.34))  # fmt: skip
LONG = ((0.4, 0.2), (0.6, 0.2), (0.72, 0.26), (0.94, 0.64), (0.84, 0.68), (0.68, 0.42), (0.68, 0.64), (0.32, 0.64),
        (0.32, 0.42), (0.16, 0.68), (0.06, 0.64), (0.28, 0.26))  # fmt: skip
SLEEVELESS = ((0.38, 0.2), (0.62, 0.2), (0.61, 0.36), (0.72, 0.42), (0.72, 0.72), (0.28, 0.72), (0.28, 0.42),
              (0.39, 0.36))  # fmt: skip
DRESS = ((0.42, 0.05), (0.58, 0.05), (0.59, 0.3), (0.72, 0.95), (0.28, 0.95), (0.41, 0.3))
TROUSERS = ((0.34, 0.08), (0.66, 0.08), (0.72, 0.92), (0.56, 0.92), (0.5, 0.38), (0.44, 0.92), (0.28, 0.92))
Outline = tuple[tuple[float, float], ...]


def draw_mask(outline: Outline, size: tuple[int, int] = (256, 192)) -> NDArray[np.float32]:
    """(H, W) in [0, 1], antialiased."""
    height, width = size
    big = Image.new("L", (4 * width, 4 * height))
    ImageDraw.Draw(big).polygon([(4 * width * x, 4 * height * y) for x, y in outline], fill=255)
    return np.asarray(big.resize((width, height), Image.Resampling.BOX), np.float32) / 255


def fabric(mask: NDArray[np.float32], colour: tuple[float, float, float]) -> NDArray[np.float32]:
    """A colour with folds: the lightness of cloth is never even."""
    y, x = np.mgrid[0 : mask.shape[0], 0 : mask.shape[1]]
    folds = 2.5 * np.sin(x / 11.0 + y / 23.0) - 2.5
    return (np.array(colour) + folds[..., None]).astype(np.float32)


def lay(mask: NDArray[np.float32], cloth: NDArray[np.float32], ground: NDArray[np.float32]) -> NDArray[np.uint8]:
    blend = cloth * mask[..., None] + ground * (1 - mask[..., None])
    return np.clip(np.rint(blend), 0, 255).astype(np.uint8)


def even(mask: NDArray[np.float32], colour: tuple[float, float, float]) -> NDArray[np.float32]:
    return np.broadcast_to(np.array(colour, np.float32), (*mask.shape, 3)).copy()


def overlap(found: NDArray[np.float32], true: NDArray[np.float32]) -> float:
    a, b = found > 0.5, true > 0.5
    return float((a & b).sum() / (a | b).sum())


@pytest.mark.parametrize(
    ("cloth", "ground"),
    [
        ((40, 60, 120), (255, 255, 255)),
        ((255, 5, 5), (255, 255, 255)),  # one channel is 255 in garment and background
        ((240, 240, 240), (255, 255, 255)),
        ((198, 198, 198), (214, 214, 214)),
        ((30, 30, 32), (58, 58, 60)),
        ((210, 180, 60), (120, 150, 190)),
        ((235, 235, 230), (70, 90, 70)),
    ],
)
def test_plain_background_of_any_colour(cloth: tuple[int, int, int], ground: tuple[int, int, int]) -> None:
    mask = draw_mask(SHORT)
    garment = cut_garment(Photo("g", lay(mask, fabric(mask, cloth), even(mask, ground))))
    assert overlap(garment.mask, mask) > 0.97
    assert garment.mask.dtype == np.float32
    assert garment.quality > 0.4


def test_gradient_vignette_and_noise() -> None:
    mask = draw_mask(SHORT)
    y, x = np.mgrid[-1 : 1 : mask.shape[0] * 1j, -1 : 1 : mask.shape[1] * 1j]
    light = 215 + 20 * x - 12 * y - 18 * (x * x + y * y)
    ground = light[..., None] * np.array([1.0, 0.97, 0.93])
    noise = np.random.default_rng(0).normal(0, 3, (*mask.shape, 3))
    image = np.clip(lay(mask, fabric(mask, (90, 60, 60)), ground) + noise, 0, 255).astype(np.uint8)
    assert overlap(cut_garment(Photo("g", image)).mask, mask) > 0.97


def test_stripes_on_white_are_no_reason_for_doubt() -> None:
    mask = draw_mask(SHORT)
    stripes = (np.arange(mask.shape[0]) // 9 % 2 == 0)[:, None, None]
    cloth = np.where(stripes, fabric(mask, (30, 40, 110)), fabric(mask, (245, 245, 245)))
    garment = cut_garment(Photo("g", lay(mask, cloth, even(mask, (255, 255, 255)))))
    assert overlap(garment.mask, mask) > 0.9
    assert garment.inner is None


def test_white_on_white_that_is_clipped_on_one_side() -> None:
    mask = draw_mask(SHORT)
    y, x = np.mgrid[-1 : 1 : mask.shape[0] * 1j, -1 : 1 : mask.shape[1] * 1j]
    ground = np.minimum(255, 248 - 25 * x - 20 * y)[..., None] * np.ones(3)
    garment = cut_garment(Photo("g", lay(mask, fabric(mask, (226, 226, 226)), ground)))
    assert overlap(garment.mask, mask) > 0.93


def test_plain_garment_on_chequered_cloth() -> None:
    mask = draw_mask(SHORT, (384, 288))
    rows, columns = np.indices(mask.shape) // 24
    ground = np.where(((rows + columns) % 2)[..., None], (230, 225, 215), (60, 90, 140)).astype(np.float32)
    garment = cut_garment(Photo("g", lay(mask, fabric(mask, (170, 50, 60)), ground)))
    assert overlap(garment.mask, mask) > 0.9


def test_soft_shadow_is_background() -> None:
    mask = draw_mask(SHORT)
    cast = Image.fromarray(np.uint8(255 * np.roll(mask, (4, 4), (0, 1)))).filter(ImageFilter.GaussianBlur(4))
    ground = even(mask, (232, 230, 226)) * (1 - 0.3 * np.asarray(cast, np.float32)[..., None] / 255)
    garment = cut_garment(Photo("g", lay(mask, fabric(mask, (60, 110, 90)), ground)))
    assert overlap(garment.mask, mask) > 0.97


def test_print_of_the_backgrounds_colour_is_filled_and_a_gap_beside_the_body_stays_open() -> None:
    mask = draw_mask(SHORT)
    cloth = fabric(mask, (40, 60, 120))
    cloth[110:140, 80:112] = 255
    garment = cut_garment(Photo("g", lay(mask, cloth, even(mask, (255, 255, 255)))))
    assert garment.mask[115:135, 85:107].min() > 0.99

    closed = np.maximum(draw_mask(LONG), draw_mask(((0.06, 0.62), (0.94, 0.62), (0.94, 0.67), (0.06, 0.67))))
    hand_on_hip = cut_garment(Photo("g", lay(closed, fabric(closed, (40, 60, 120)), even(closed, (255, 255, 255)))))
    assert overlap(hand_on_hip.mask, closed) > 0.97


def test_thin_hanger_is_cut_off() -> None:
    mask = draw_mask(SHORT, (400, 300))
    image = Image.fromarray(lay(mask, fabric(mask, (150, 40, 60)), even(mask, (240, 240, 240))))
    ImageDraw.Draw(image).line([(150, 84), (150, 40), (162, 32)], fill=(90, 90, 90), width=2)
    garment = cut_garment(Photo("g", np.asarray(image)))
    assert overlap(garment.mask, mask) > 0.97
    assert garment.mask[:70].max() < 0.5


def test_soft_edge_at_the_photos_own_size() -> None:
    mask = draw_mask(SHORT, (1200, 900))
    garment = cut_garment(Photo("g", lay(mask, fabric(mask, (150, 40, 60)), even(mask, (240, 240, 240)))))
    assert garment.mask.shape == (1200, 900)
    assert overlap(garment.mask, mask) > 0.99
    assert 0 < np.mean((garment.mask > 0.02) & (garment.mask < 0.98)) < 0.03


@pytest.mark.parametrize("size", [(50, 40), (64, 200), (2000, 1500)])
def test_any_size(size: tuple[int, int]) -> None:
    mask = draw_mask(SHORT, size)
    garment = cut_garment(Photo("g", lay(mask, fabric(mask, (30, 40, 60)), even(mask, (235, 235, 235)))))
    assert garment.mask.shape == size
    assert overlap(garment.mask, mask) > 0.93


def test_garment_beyond_the_pictures_border_is_said() -> None:
    mask = draw_mask(SHORT)[:, 30:]
    garment = cut_garment(Photo("g", lay(mask, fabric(mask, (150, 40, 60)), even(mask, (240, 240, 240)))))
    assert overlap(garment.mask, mask) > 0.95
    assert any("cut off at the left" in check for check in garment.checks)


def test_transparency_is_the_mask() -> None:
    mask = draw_mask(SHORT)
    image = np.random.default_rng(0).integers(0, 255, (*mask.shape, 3), np.uint8)
    garment = cut_garment(Photo("g", image, alpha=np.uint8(np.rint(255 * mask))))
    np.testing.assert_allclose(garment.mask, mask, atol=1 / 255)
    with pytest.raises(NoGarmentFound, match="wholly transparent"):
        cut_garment(Photo("g", image, alpha=np.zeros(mask.shape, np.uint8)))


def test_given_mask_wins_and_is_checked() -> None:
    mask = draw_mask(SHORT)
    photo = Photo("g", np.full((*mask.shape, 3), 200, np.uint8), Path("shirts/g.jpg"))
    np.testing.assert_array_equal(cut_garment(photo, mask).mask, mask)
    smaller = cut_garment(photo, draw_mask(SHORT, (128, 96)))
    assert smaller.mask.shape == mask.shape
    assert overlap(smaller.mask, mask) > 0.97
    with pytest.raises(BadMask, match=r"shirts/g\.jpg: the mask is 100x100"):
        cut_garment(photo, np.ones((100, 100), np.float32))
    with pytest.raises(BadMask, match=r"shirts/g\.jpg: the given mask is empty"):
        cut_garment(photo, np.zeros(mask.shape, np.float32))


def test_nothing_to_find_is_refused_by_name() -> None:
    rng = np.random.default_rng(0)
    y, x = np.mgrid[0:256, 0:192]
    meadow = np.where((y > 120 + 6 * np.sin(x / 30))[..., None], (80, 140, 60), (150, 190, 240))
    pictures = {
        "blank": np.full((256, 192, 3), 255, np.uint8),
        "grain": np.clip(200 + rng.normal(0, 4, (256, 192, 3)), 0, 255).astype(np.uint8),
        "noise": rng.integers(0, 255, (256, 192, 3), np.uint8),
        "meadow": np.clip(meadow + rng.normal(0, 6, meadow.shape), 0, 255).astype(np.uint8),
        "dot": np.full((12, 12, 3), 90, np.uint8),
    }
    for name, image in pictures.items():
        with pytest.raises(NoGarmentFound, match=f"^{name}: no garment found: "):
            cut_garment(Photo(name, image))


def test_person_score_becomes_a_check() -> None:
    mask = draw_mask(SHORT)
    photo = Photo("g", lay(mask, fabric(mask, (150, 40, 60)), even(mask, (240, 240, 240))))
    assert not any("shows a person" in check for check in cut_garment(photo, person_score=0.1).checks)
    (worn,) = (check for check in cut_garment(photo, person_score=0.9).checks if "shows a person" in check)
    assert check_of(worn).severity == "bad" and "--clothes-mask" in check_of(worn).cure
    (worn,) = (check for check in cut_garment(photo, mask, person_score=0.9).checks if "shows a person" in check)
    assert check_of(worn).severity == "info", "its mask says which garment is meant"


@pytest.mark.parametrize(
    ("outline", "chance", "severity", "text"),
    [
        (SHORT, {"top": 0.98, "dress": 0.01, "lower": 0.01}, None, ""),
        (SLEEVELESS, {"top": 0.1, "dress": 0.85, "lower": 0.05}, "info", "unknown kind: it may be a top or a dress"),
        (DRESS, {"top": 0.01, "dress": 0.98, "lower": 0.01}, "info", "looks like a dress"),
        (SHORT, {"top": 0.5, "dress": 0.3, "lower": 0.2}, "warn", "unknown kind: it may be trousers or a skirt (0.20)"),
        (SHORT, {"top": 0.3, "dress": 0.1, "lower": 0.6}, "bad", "looks like trousers or a skirt"),
    ],
)
def test_the_less_a_garment_can_be_tried_on_the_more_severe_its_check(
    outline: Outline, chance: dict[str, float], severity: str | None, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cut.garment_segmenter, "describe", lambda *_: (chance, {"none": 0.1, "short": 0.9}))
    mask = draw_mask(outline)
    photo = Photo("g", lay(mask, fabric(mask, (90, 60, 60)), even(mask, (255, 255, 255))))
    checks = [check_of(check) for check in cut.cut_garment(photo, mask).checks if "neckline" not in check]
    assert [check.severity for check in checks] == ([severity] if severity else [])
    assert all(check.startswith(text) and "--kind" in check.cure for check in checks)


@pytest.mark.parametrize(
    ("outline", "kind", "sleeves"),
    [
        (SHORT, "top", "short"),
        (LONG, "top", "long"),
        (SLEEVELESS, "unknown", "unknown"),  # the outline says a top without sleeves, the network a dress
        (DRESS, "dress", "none"),
        (TROUSERS, "lower", "unknown"),
    ],
)
def test_kind_and_sleeves_from_the_outline(outline: Outline, kind: str, sleeves: str) -> None:
    mask = draw_mask(outline)
    garment = cut_garment(Photo("g", lay(mask, fabric(mask, (90, 60, 60)), even(mask, (255, 255, 255)))), mask)
    assert (garment.kind, garment.sleeves) == (kind, sleeves)


def test_garment_as_wide_as_its_photo() -> None:
    mask = np.zeros((256, 193), np.float32)
    mask[40:, :] = 1.0
    for sides in (slice(0, 193), slice(9, 193)):
        part = np.zeros_like(mask)
        part[:, sides] = mask[:, sides]
        garment = cut_garment(Photo("g", lay(part, fabric(part, (90, 60, 60)), even(part, (255, 255, 255)))), part)
        assert garment.inner is None


def test_deep_neckline_is_said() -> None:
    high = draw_mask(SHORT)
    deep = high * (1 - draw_mask(((0.4, 0.15), (0.6, 0.15), (0.5, 0.4))))
    for mask, said in ((high, False), (deep, True)):
        photo = Photo("g", lay(mask, fabric(mask, (90, 60, 60)), even(mask, (255, 255, 255))))
        assert any("deep neckline" in check for check in cut_garment(photo, mask).checks) == said


def test_inside_of_the_back_is_marked_and_left_out() -> None:
    mask = draw_mask(SHORT, (400, 300))
    behind = draw_mask(((0.42, 0.205), (0.58, 0.205), (0.5, 0.3)), (400, 300))
    cloth = fabric(mask, (90, 120, 170))
    cloth = cloth * (1 - behind[..., None]) + np.array((35, 45, 70)) * behind[..., None]
    photo = Photo("g", lay(mask, cloth, even(mask, (250, 250, 250))))
    garment = cut_garment(photo)
    assert garment.inner is not None
    assert overlap(garment.inner, behind) > 0.8
    assert overlap(garment.mask + garment.inner, mask) > 0.97
    assert (garment.mask + garment.inner).max() <= 1.0 + 1e-6
    plain = cut_garment(Photo("g", lay(mask, fabric(mask, (90, 120, 170)), even(mask, (250, 250, 250)))))
    assert plain.inner is None
