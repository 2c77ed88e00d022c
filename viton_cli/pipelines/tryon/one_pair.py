"""A result that goes to a file or to stdout: `viton tryon` with an --out that is no folder."""

from __future__ import annotations

import errno
import sys
import time
from pathlib import Path

from viton_cli.config import TryOnConfig
from viton_cli.engines.progress import Progress, Summary
from viton_cli.errors import BadConfig
from viton_cli.files import write_bytes
from viton_cli.files.temporary import sweep
from viton_cli.lights import check_of
from viton_cli.pipelines.garment_store import GarmentStore
from viton_cli.pipelines.receipts import receipt_of, weights_of
from viton_cli.pipelines.tryon.api import TryOn
from viton_cli.pipelines.tryon.corrections import Corrections
from viton_cli.pipelines.tryon.finish import encode
from viton_cli.pipelines.tryon.inputs import PIPE, Given, ending_of
from viton_cli.pipelines.tryon.lights import count_lights, verdict_of


def one_pair(
    config: TryOnConfig,
    wanted: dict[str, list[str]],
    people: Given,
    store: GarmentStore,
    engine: TryOn,
    progress: Progress,
    corrections: Corrections,
) -> Summary:
    """Make the one pair there is.

    Raises:
        BadConfig: There are several, or something is asked for that only a folder can hold. VitonError: It fails.
    """
    pairs = [(person, garment) for person, garments in wanted.items() for garment in garments]
    if len(pairs) != 1:
        raise BadConfig(f"--out {config.out}: takes exactly one pair, there are {len(pairs)}; give a folder")
    if config.steps or config.masks or config.places or config.min_quality is not None:
        raise BadConfig(f"--out {config.out}: --steps, --masks, --places and --min-quality need a folder")
    ending = ending_of(config)
    done = Summary("pair", config.out)
    if config.dry_run:
        done.planned = 1
        return done
    ((person, garment),) = pairs
    engine.load()
    began = time.monotonic()
    found = corrections.find(engine.tools, person, people.read(person))
    cut = store.get(garment)
    result = engine.dress(found, cut, **vars(corrections.of_pair(person, garment)))
    verdict = verdict_of((*found.checks, *cut.checks, *result.checks), result.quality)
    for check in map(check_of, verdict["checks"]):
        progress.check(check, check.severity)
    count_lights(done, config, [{"status": "ok", **verdict}])
    receipt = receipt_of(found.photo, cut, weights_of(config), config, config.quality)
    data = encode(found.photo, result, ending, config.strip, receipt, config.quality)
    if config.out == PIPE:
        _to_stdout(data)
    else:
        out = Path(config.out)
        sweep(out.parent)
        write_bytes(out, data)
    done.ok, done.seconds = 1, time.monotonic() - began
    return done


def _to_stdout(data: bytes) -> None:
    try:
        if sys.stdout is None:
            raise OSError(errno.EBADF, "is closed")
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OSError(error.errno, error.strerror, "stdout") from None
