"""Everything that is read from or written to a disk, except weights: photos, masks, labels, keypoints, manifests.

Every file is written under a hidden temporary name in its folder and then renamed, so that a reader, or a run that was
cut off, never meets half a file.

    listing.py     the photos of a folder, and the ids they go by
    inputs.py      what an input option was given: files, folders, patterns
    opening.py     the one place where pictures are opened
    exif.py        which way up a photo is, and what of its EXIF a copy may carry
    colour.py      ICC profiles
    pictures.py    photos read as their viewer sees them
    encoding.py    PNG, JPEG and WebP written
    masks.py       masks and label maps
    keypoints.py   joints, as OpenPose JSON
    pairs.py       who wears what: the one grammar of pairs files
    manifest.py    what a run has done, one JSON object a line
    atomic.py      writing in one step, and hashes
    temporary.py   half-written files, and what killed runs left of them
    ownership.py   which files of an output folder are ours, and may be replaced
    apart.py       no output path is an input path
    stores.py      folders of s3://, gs:// ...; mirrors.py: those of this machine that stand for them
    cache.py       arrays by key, which may be thrown away
"""

from __future__ import annotations

from viton_cli.files.apart import check_apart
from viton_cli.files.atomic import append_line, sha256, write_arrays, write_bytes, write_text
from viton_cli.files.encoding import encode_image, is_lossless, write_image
from viton_cli.files.inputs import Entries, expand, has_pattern, list_inputs
from viton_cli.files.keypoints import body25, read_keypoints, write_keypoints, write_openpose
from viton_cli.files.listing import PHOTO_ENDINGS, list_photos
from viton_cli.files.manifest import Manifest
from viton_cli.files.masks import read_labels, read_mask, write_labels
from viton_cli.files.opening import MAX_PIXELS, decode_pixels, open_picture, picture_size
from viton_cli.files.ownership import Ledger, is_made_by_us, look, refuse_results, remove
from viton_cli.files.pairs import PairRow, read_pairs, stem
from viton_cli.files.pictures import (
    MIN_SIDE,
    WORKING_PIXELS,
    adopt_photo,
    decode_photo,
    one_at_a_time,
    read_original,
    read_photo,
    read_rgb,
)

__all__ = [
    "MAX_PIXELS", "MIN_SIDE", "PHOTO_ENDINGS", "WORKING_PIXELS", "Entries", "Ledger", "Manifest",
    "PairRow", "adopt_photo", "append_line", "body25", "check_apart", "decode_photo", "decode_pixels", "encode_image",
    "expand", "has_pattern", "is_lossless", "is_made_by_us", "list_inputs", "list_photos", "look", "one_at_a_time",
    "open_picture", "picture_size", "read_keypoints", "read_labels", "read_mask", "read_original", "read_pairs",
    "read_photo", "read_rgb", "refuse_results", "remove", "sha256", "stem", "write_arrays", "write_bytes",
    "write_image", "write_keypoints", "write_labels", "write_openpose", "write_text",
]  # fmt: skip
