"""What is fuzzed: for each kind of file sound examples, and all that reads it."""

from __future__ import annotations

import io
import json
import struct
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageCms


@dataclass(frozen=True)
class Target:
    """A kind of file.

    Attributes:
        examples: Makes sound files.
        read: Gives the path of a file, in a folder of its own, to everything that reads such files.
        name: What the file is called.
    """

    examples: Callable[[], list[bytes]]
    read: Callable[[Path], None]
    name: str


def each(*readers: Callable[[], object]) -> None:
    """Call all, whichever of them refuse."""
    from viton_cli.errors import VitonError

    for reader in readers:
        try:
            reader()
        except VitonError as error:
            text = str(error)
            assert text.isprintable() or all(letter.isspace() or letter.isprintable() for letter in text), text
            assert "\n" not in text, f"not one line: {text}"


def pictures() -> list[bytes]:
    random = np.random.default_rng(0)
    y, x = np.mgrid[:48, :36]
    smooth = np.stack([x * 7, y * 5, 255 - x * 7], 2).astype(np.uint8)
    noisy = Image.fromarray(random.integers(0, 256, (48, 36, 3), np.uint8))
    plain = Image.fromarray(smooth)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    other = profile.replace("sRGB".encode("utf-16-be"), "test".encode("utf-16-be"))
    exif = Image.Exif()
    exif[0x0112], exif[0x013B] = 6, "Eve"
    exif[0x8769], exif[0x8825] = {0x8827: 640}, {1: "N"}
    made: list[tuple[Image.Image, str, dict[str, Any]]] = [
        (plain, "JPEG", {}),
        (plain, "JPEG", {"exif": exif.tobytes(), "icc_profile": other, "quality": 40}),
        (noisy, "JPEG", {"progressive": True}),
        (plain.convert("CMYK"), "JPEG", {}),
        (plain, "MPO", {}),
        (plain, "PNG", {"exif": exif.tobytes(), "icc_profile": other}),
        (plain.convert("P"), "PNG", {"transparency": bytes(range(200))}),
        (plain.convert("LA"), "PNG", {}),
        (plain.convert("RGBA"), "PNG", {}),
        (plain.convert("1"), "PNG", {}),
        (Image.fromarray(smooth[..., 0].astype(np.uint16) * 257), "PNG", {}),
        (plain, "WEBP", {"exif": exif.tobytes(), "icc_profile": other}),
        (noisy.convert("RGBA"), "WEBP", {"lossless": True}),
        (plain, "TIFF", {"compression": "tiff_lzw"}),
        (plain, "TIFF", {"exif": exif.tobytes()}),
        (plain.convert("F"), "TIFF", {}),
        (plain, "TIFF", {"compression": "tiff_adobe_deflate"}),
        (plain, "BMP", {}),
        (plain.convert("P"), "BMP", {}),
        (plain.convert("P"), "GIF", {"save_all": True, "append_images": [noisy.convert("P")]}),
        (plain, "AVIF", {"exif": exif.tobytes(), "quality": 50}),
    ]
    files = []
    for picture, kind, options in made:
        stream = io.BytesIO()
        picture.save(stream, kind, **options)
        files.append(stream.getvalue())
    return files


def read_picture(path: Path) -> None:
    from viton_cli import files

    def photo(most: int | None) -> None:
        found = files.read_photo(path, most=most)
        assert found.image.dtype == np.uint8 and found.image.shape[2] == 3
        assert found.original is not None and (found.alpha is None or found.alpha.shape == found.size)
        original = files.read_original(found)
        assert original.size == found.full_size[::-1] and original.mode == "RGB"
        if most is None and original.width * original.height < 100_000:
            files.encode_image(original, ".jpg", found.original.profile, found.original.exif)

    each(
        lambda: photo(None),
        lambda: photo(1000),
        lambda: files.decode_photo(path.read_bytes(), "stdin"),
        lambda: files.picture_size(path),
        lambda: files.read_mask(path, (48, 36)),
        lambda: files.read_labels(path),
    )


def pairs_files() -> list[bytes]:
    return [
        b"anna red\nbert green\n",
        'person,garment,kind\n"anna","sub/blue ü",upper\nbert.jpg,red.png,lower\n'.encode(),
        b"\xef\xbb\xbfanna.jpg\tred.jpg\tunpaired\r\n# a comment\r\nbert\tgreen\tunpaired\r\n",
        b'{"person": "anna", "garment": "red", "truth": "anna"}\n{"person": "bert", "garment": "green"}\n',
    ]


def read_pairs_file(path: Path) -> None:
    from viton_cli import files
    from viton_cli.data import base
    from viton_cli.pipelines import pairing

    people = [(id, Path(f"{id}.jpg")) for id in ("anna", "bert")]
    garments = [(id, Path(f"{id}.png")) for id in ("red", "green", "sub/blue ü")]
    each(
        lambda: files.read_pairs(path),
        lambda: pairing.find_pairs(path, people, garments),
        lambda: pairing.pairs_of(str(path), people, garments),
        lambda: base.pair_ids(path, "unpaired"),
    )


def settings() -> list[bytes]:
    return [
        b"person: people\nclothes: clothes\nout: out\nwarp: paper\nsteps: true\nworkers: 3\n",
        b"# viton 0.1.0\ndata: [one, 'ccp:two']\nout: run\nlr: 1e-3\nbetas: [0.5, 0.999]\n",
        b"data: one\nout: run\nsize: 256x192\nmodel: {width: 8, deep: {a: 1}}\n",
        b"person: &a people\nclothes: *a\nout: >-\n  folded\n  text\nthreads: 0b11\n---\nsecond: 1\n",
    ]


def read_settings(path: Path) -> None:
    from viton_cli.config import PrepareConfig, TrainConfig, TryOnConfig, load
    from viton_cli.config.yaml_text import NotSettings, read_yaml_file

    def value() -> None:
        with suppress(NotSettings):
            read_yaml_file(path)

    text = path.read_bytes().decode("utf-8", "replace")
    each(
        value,
        *(lambda model=model: load(model, path, environment={}) for model in (TryOnConfig, PrepareConfig, TrainConfig)),
        lambda: load(TrainConfig, None, [f"model={text}", "out=x", "data=x"], environment={}),
        lambda: load(TrainConfig, None, ["out=x"], environment={"VITON_TRAIN_DATA": text, "VITON_TRAIN_INIT": text}),
    )


def keypoints() -> list[bytes]:
    body25, coco18 = np.ones((25, 3)) * 7, np.ones((18, 3)) * 0.5
    return [
        json.dumps(
            {"version": 1.3, "people": [{"person_id": [-1], "pose_keypoints_2d": body25.ravel().tolist()}]}
        ).encode(),
        json.dumps({"people": [{"pose_keypoints": coco18.ravel().tolist()}, {"pose_keypoints": [0] * 54}]}).encode(),
        json.dumps({"keypoints": [[float(i), 20.0 * i, 1.0, 1.0] for i in range(18)]}).encode(),
        b'{"people": []}',
    ]


def read_keypoints_file(path: Path) -> None:
    from viton_cli import files
    from viton_cli.data import base, dresscode
    from viton_cli.perception.backends.pose_openpose import OpenPoseJson
    from viton_cli.records import Photo

    photo = Photo("x", np.zeros((100, 80, 3), np.uint8))
    picture = path.with_name("x.png")
    if not picture.exists():
        files.write_image(picture, photo.image)
    each(
        lambda: files.read_keypoints(path),
        lambda: base.openpose_pose(path),
        lambda: OpenPoseJson(path).detect(photo),
        lambda: dresscode._read_pose(path, picture),
    )


def manifests() -> list[bytes]:
    tryon = {"person": "anna", "garment": "red", "output": "anna__red.png", "status": "ok", "cause": None, "version": 2}
    prepared = {"id": "a", "kind": "person", "source": "a.jpg", "status": "ok", "frame": [0, 0, 9, 9], "split": "test"}
    failed = {"id": "b/c", "kind": "garment", "source": "b.jpg", "status": "failed", "cause": "torn", "checks": ["x"]}
    lines = [
        json.dumps(entry) for entry in (tryon, {**tryon, "garment": "blue", "seconds": {"warp": 0.1}}, prepared, failed)
    ]
    return ["\n".join(lines).encode() + b"\n", lines[2].encode() + b"\n" + lines[3].encode()[:40], lines[0].encode()]


def read_manifest(path: Path) -> None:
    from viton_cli.data.prepared import Prepared
    from viton_cli.files import Manifest

    (path.parent / "image").mkdir(exist_ok=True)
    copy = path.with_name("copy.jsonl")

    def rewrite() -> None:
        copy.write_bytes(path.read_bytes())
        manifest = Manifest(copy)
        entries = manifest.read()
        manifest.end()
        assert manifest.read() == entries

    try:
        each(
            lambda: Manifest(path).read(),
            rewrite,
            lambda: list(Prepared(path.parent).entries("train")),
            lambda: Prepared(path.parent).report(),
        )
    finally:
        copy.unlink(missing_ok=True)


def weights() -> list[bytes]:
    import torch
    from safetensors.torch import save

    meta = {"version": 1, "kind": "tiny", "size": [64, 32], "width": 4}
    tensors = {"weight": torch.ones(2, 3), "bias": torch.zeros(2)}
    return [
        save(tensors, {"viton": json.dumps(meta)}),
        save(
            {name: tensor.half() for name, tensor in tensors.items()}, {"viton": json.dumps({**meta, "size": [0, -1]})}
        ),
        save(tensors, {"viton": json.dumps({**meta, "kind": "stage1"})}),
        save(tensors, {"viton": json.dumps({**meta, "kind": "stage1", "channels": [4, 8], "blocks": [1, 1]})}),
        save(tensors, {"viton": json.dumps({**meta, "kind": "stage2", "light": True})}),
        save({"a": torch.ones(1)}),
        b"PK\x03\x04" + bytes(40),
    ]


def read_weights(path: Path) -> None:
    from torch import nn

    from viton_cli.checkpoints import load_network, load_weights
    from viton_cli.methods.networks import load_composer, load_generator
    from viton_cli.perception.builtin.perceiver import Perceiver

    each(
        lambda: load_weights(path),
        lambda: load_network(path, "tiny", lambda meta: nn.Linear(3, 2)),
        lambda: load_generator(path),
        lambda: load_composer(path),
        lambda: Perceiver(path),
    )


def checkpoints() -> list[bytes]:
    import torch
    from torch import nn

    torch.manual_seed(0)
    net = nn.Linear(3, 2)
    optimizer = torch.optim.AdamW(net.parameters())
    net(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    state = {
        "version": 2, "settings": {"seed": 0}, "net": net.state_dict(), "average": net.state_dict(),
        "optimizer": optimizer.state_dict(), "step": 3, "seconds": 1.5, "best": {"value": 0.5},
        "rng": torch.get_rng_state(),
    }  # fmt: skip
    files = []
    for content in (state, {**state, "best": None, "version": 1}, [1, 2]):
        stream = io.BytesIO()
        torch.save(content, stream)
        files.append(stream.getvalue())
    # A pickle that would run a command.
    files.append(b"cos\nsystem\n(S'touch " + b"ran'\ntR.")
    return files


def read_checkpoint_file(path: Path) -> None:
    import torch
    from torch import nn

    from viton_cli.config import TrainConfig
    from viton_cli.training.checkpoint import read_checkpoint

    net = nn.Linear(3, 2)
    optimizer = torch.optim.AdamW(net.parameters())
    config = TrainConfig(data=["x"], out=path.parent)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        each(lambda: read_checkpoint(path, net, optimizer, config))


def json_files() -> list[bytes]:
    entry = {"sha256": "0" * 64, "license": "Apache-2.0", "scores": {"miou": 0.5}}
    return [json.dumps({"stage1": entry, "perception": entry}).encode(), b"{}", b"[1]", struct.pack("<I", 5)]


def read_json(path: Path) -> None:
    from viton_cli import checkpoints as module

    folder = module.FOLDER
    module.FOLDER = path.parent  # the manifest of an installation that was damaged
    try:
        module.packaged.cache_clear()
        each(module.shipped, lambda: module.packaged("stage1"))
    finally:
        module.FOLDER = folder
        module.packaged.cache_clear()


TARGETS = {
    "pictures": Target(pictures, read_picture, "x.jpg"),
    "pairs": Target(pairs_files, read_pairs_file, "pairs.txt"),
    "yaml": Target(settings, read_settings, "settings.yaml"),
    "json": Target(json_files, read_json, "manifest.json"),
    "manifests": Target(manifests, read_manifest, "manifest.jsonl"),
    "keypoints": Target(keypoints, read_keypoints_file, "x_keypoints.json"),
    "safetensors": Target(weights, read_weights, "stage1.safetensors"),
    "checkpoints": Target(checkpoints, read_checkpoint_file, "last.ckpt"),
}
