"""The settings of each command but `viton train`, with defaults and meanings."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from viton_cli.config.base import FORCE, Cache, Config, Device, Inputs, Names, Shard, Words
from viton_cli.config.by_hand import OfPeople, Worn

DEVICE = "Where the networks compute; auto: on CUDA where there is a card, else on the CPU."
Style = Literal["text", "csv", "markdown", "latex", "json"]


class Perception(Config):
    """Where pose and parsing come from."""

    pose: str = Field("builtin", description="Pose backend.")
    pose_source: Path | None = Field(None, description="Weight file or folder of JSON files of the pose backend.")
    parsing: str = Field("builtin", description="Parsing backend.")
    parsing_source: Path | None = Field(None, description="Weight file or folder of PNG files of the parsing backend.")
    label_set: str | None = Field(None, description="Label set of given parsing files.")
    device: Device = Field("auto", description=DEVICE)


class Catalogue(Config):
    """How the work on many photos is shared out, and what of it is remembered."""

    shard: Shard | None = Field(None, description="I/N: the I-th of N shares; N runs anywhere fill one folder.")
    cache: Cache = Field(None, description="Remember what is found, from run to run: in DIR, or in the user's cache.")
    cache_size: float = Field(2.0, gt=0, description="Gigabytes that --cache takes at most; the longest unused goes.")
    threads: int | None = Field(None, ge=1, le=512, description="Threads of the networks; by default two.")
    dry_run: bool = Field(False, description="Say what would be done, and do nothing.")
    force: bool = Field(False, description=FORCE)


class PrepareConfig(Perception, Catalogue):
    """`viton prepare`."""

    command = "prepare"
    stores = ("person", "clothes", "clothes_mask", "pairs", "out")

    person: Inputs | None = Field(None, description="Photos of people: files, folders, patterns such as 'p/*.jpg'.")
    clothes: Inputs | None = Field(None, description="Photos of garments, given likewise.")
    clothes_mask: Inputs | None = Field(None, description="Masks named as the garments' photos, likewise; they win.")
    dataset: Path | None = Field(None, description="Root of a published data set, instead of --person and --clothes.")
    format: str | None = Field(None, description="Layout of --dataset: viton, cp-vton, viton-hd, dresscode, ccp.")
    split: str | None = Field(None, description="Only this split of the data set; by default all it has.")
    pairs: Path | None = Field(None, description="Pairs file of who wears what; a third column is a garment not worn.")
    out: Path = Field(description="The prepared folder to write.")
    export: Words = Field([], description="Also write OUT/NAME as the code of others opens it.")
    height: int | None = Field(
        None,
        ge=64,
        le=4096,
        description="Height of the person crops, 4/3 of their width; 512, or 1024 for an export of that.",
    )
    test_share: float = Field(0.1, ge=0, le=1, description="Share of the pairs for test_pairs.txt, by hash of id.")
    flatten: bool = Field(False, description="Lay garments that no pair names flat out of the photos of their wearers.")
    overlays: bool = Field(True, description="Write overlay/ID.jpg, skeleton and labels over the photo.")
    workers: int = Field(2, ge=1, le=64, description="Threads that read and write pictures beside the networks.")
    overwrite: bool = Field(False, description="Redo photos that are finished.")


class MethodConfig(Perception, Worn):
    """What decides how a result looks; the settings of `TryOn` in Python."""

    command = "tryon"

    method: str = Field("viton", description="Try-on method.")
    weights: str | None = Field(None, description="Folder of the method's weight files; by default the shipped ones.")
    warp: Literal["places", "parts", "paper"] = Field("places", description="How the garment is warped.")
    refine: bool = Field(True, description="Let stage 2 mix garment and coarse picture; off: the garment alone.")
    kind: Literal["auto", "top", "outerwear", "dress"] = Field(
        "auto", description="What the garments are; auto: by their photos, and trousers and skirts are refused."
    )


# Settings on which a result depends. Where it is computed changes its last digits alone.
DECISIVE = tuple(name for name in MethodConfig.model_fields if name != "device")


class TryOnConfig(MethodConfig, Catalogue, OfPeople):
    """`viton tryon`."""

    stores = ("person", "clothes", "clothes_mask", "pairing", "out")

    person: Inputs = Field(description="Photos of people: files, folders, patterns; - for a picture on stdin.")
    clothes: Inputs = Field(description="Photos of garments: files, folders, patterns; - for a picture on stdin.")
    out: str = Field(description="Folder to write to; for one pair also a .png or .jpg file, or - for PNG on stdout.")
    pairing: str = Field("all", description="all: everyone in everything; zip: first in first ...; or a pairs file.")
    limit: int | None = Field(None, ge=1, description="At most so many pairs, the first ones.")
    shuffle: bool = Field(False, description="Take the pairs in random order; with --limit a random sample.")
    seed: int | None = Field(None, ge=0, description="Seed of --shuffle; 0 if it is not given.")
    engine: Literal["local", "ray"] = Field("local", description="ray: pairs as tasks of a Ray cluster (RAY_ADDRESS).")
    watch: bool = Field(False, description="Go on with photos that arrive in the folders, until Ctrl-C.")
    clothes_mask: Inputs | None = Field(None, description="Masks named as the garments' photos, likewise; they win.")
    steps: bool = Field(False, description="Write steps/PERSON__GARMENT.jpg, a strip of what each stage saw.")
    masks: bool = Field(False, description="Write edited/PERSON__GARMENT.png, white where the photo may have changed.")
    places: bool = Field(False, description="Write PERSON__GARMENT.places.npz, where each garment pixel came from.")
    image_format: Literal["png", "jpg", "webp"] | None = Field(
        None, description="Of the results: png (default) keeps every pixel, jpg and webp are smaller."
    )
    quality: int | None = Field(None, ge=1, le=100, description="Of jpg and webp; 95.")
    min_quality: float | None = Field(None, ge=0, le=1, description="Results of less go to OUT/aside, not the sheet.")
    fail_on: Literal["never", "bad", "warn"] = Field(
        "never", description="Exit with 1 if a result is bad (bad), or has a warning (warn)."
    )
    strip: bool = Field(False, description="Write no EXIF: by default the photo's goes along, but for the place.")
    workers: int = Field(2, ge=1, le=64, description="Threads that write pictures beside the networks.")
    overwrite: bool = Field(False, description="Redo pairs that are finished.")


class ScoringConfig(Config):
    """What `viton evaluate` and its tables need to score results."""

    reference: Inputs | None = Field(
        None, description="True pictures, named as the results or in --pairs: files, folders, patterns."
    )
    pairs: Path | None = Field(None, description="File of person, garment, truth: which picture is the true one.")
    person: Inputs | None = Field(
        None, description="The photos the results were made from, given likewise; scored beside them."
    )
    metrics: Words = Field(
        ["all"],
        min_length=1,
        description=("Measures, separated by commas, or all."),
    )
    labels: Inputs | None = Field(
        None, description="Label PNGs of photos and true pictures, named as these, given likewise; else they are found."
    )
    label_set: str = Field("viton", description="Label set of --labels.")
    groups: Path | None = Field(None, description="CSV of people (id, then skin_group, sex ...): scores by group too.")
    inception: Path | None = Field(None, description="Weights of torch-fidelity's Inception; by default its cache.")
    alexnet: Path | None = Field(None, description="Weights of torchvision's AlexNet; by default its cache.")
    vgg16: Path | None = Field(None, description="Weights of torchvision's VGG-16; by default its cache.")
    device: Device = Field("auto", description=DEVICE)
    mixed_sizes: bool = Field(False, description="Allow results of different sizes in one score.")
    workers: int = Field(2, ge=1, le=64, description="Threads that read and compare pictures.")
    dry_run: bool = Field(False, description="Say what would be scored, and do nothing.")


class EvaluateConfig(ScoringConfig):
    """`viton evaluate`."""

    command = "evaluate"

    results: Inputs = Field(description="Results: files, folders, patterns such as 'out/*.png'.")
    rows: Path | None = Field(None, description="CSV to write: one row a picture.")
    style: Style = Field("text", description="How the scores are printed.")


class EvaluateTableConfig(ScoringConfig):
    """`viton evaluate table`."""

    command = "evaluate_table"

    results: Names = Field([], description="FOLDER or NAME=FOLDER of a method's results; may be repeated.")
    votes: Names = Field([], description="Answers of raters, as of viton evaluate votes; may be repeated.")
    key: Names = Field([], description="key.json of their sheet, where it is not beside the answers.")
    style: Style = Field("text", description="How the table is printed.")


class EvaluateReportConfig(ScoringConfig):
    """`viton evaluate report`."""

    command = "evaluate_report"

    source: Path | None = Field(None, description="Folder of a training run or of results.")
    out: Path = Field(description="HTML file to write.")
    count: int = Field(8, ge=1, le=50, description="Worst and best pictures shown, of each measure.")


class EvaluateStage1Config(Config):
    """`viton evaluate stage1`."""

    command = "evaluate_stage1"

    data: Names = Field(min_length=1, description="FORMAT:PATH of a data set with true answers; may be repeated.")
    ids: str = Field("*", description="Only people of this shell pattern, such as '*7'.")
    weights: Path | None = Field(None, description="Folder of the weight files; by default the shipped ones.")
    limit: int | None = Field(None, ge=1, description="At most so many try-ons, evenly spread.")
    device: Device = Field("auto", description=DEVICE)
    dry_run: bool = Field(False, description="Say how many try-ons there are to score, and do nothing.")


class EvaluatePerceptionConfig(Perception):
    """`viton evaluate perception`."""

    command = "evaluate_perception"

    data: Names = Field(min_length=1, description="FORMAT:PATH of a data set with labels or joints; may be repeated.")
    ids: str = Field("*", description="Only ids of this shell pattern, such as '*3'.")
    limit: int | None = Field(None, ge=1, description="At most so many photos.")
    dry_run: bool = Field(False, description="Say how many photos there are to score, and do nothing.")


class EvaluateSheetConfig(Config):
    """`viton evaluate sheet`."""

    command = "evaluate_sheet"

    person: Inputs = Field(description="Photos of the people: files, folders, patterns.")
    clothes: Inputs = Field(description="Photos of the garments, given likewise.")
    out: Path = Field(description="Folder to write to.")
    raters: int = Field(5, ge=1, le=500, description="Lists of trials; each rater works through one.")
    trials: int = Field(60, ge=1, description="Trials of a list at most, catch trials apart.")
    catch: int | None = Field(None, ge=0, description="Catch trials of a list; by default one for ten trials.")
    limit: int = Field(50, ge=1, description="Pairs of person and garment at most, drawn by the seed.")
    seconds: float | None = Field(None, gt=0, description="Time limit of a trial; by default none.")
    height: int = Field(640, ge=64, le=4096, description="Height of the pictures in the page at most.")
    printed: Literal["pdf", "png", "no"] = Field("pdf", description="The lists on paper, with a form for the answers.")
    seed: int = Field(0, ge=0, description="Seed of everything random.")
    overwrite: bool = Field(False, description="Replace another sheet in --out; its answers need its key.json.")
    dry_run: bool = Field(False, description="Say what would be asked, and write nothing.")


class EvaluateVotesConfig(Config):
    """`viton evaluate votes`."""

    command = "evaluate_votes"

    key: Names = Field([], description="key.json of a sheet, where it is not beside the answers; may be repeated.")
    catch_pass: float = Field(0.8, ge=0, le=1, description="Share of the catch trials a rater must get right to count.")
    bootstrap: int = Field(2000, ge=100, le=100_000, description="Samples of the pairs for the intervals.")
    seed: int = Field(0, ge=0, description="Seed of the samples.")
    out: Path | None = Field(None, description="Write every vote that counts, with the names, to this CSV file.")
    dry_run: bool = Field(False, description="Say how many answers there are, and count nothing.")
