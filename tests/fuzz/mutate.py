"""Seeded damage to bytes: what disks, networks, careless tools and spiteful people do to files."""

from __future__ import annotations

import random

# Numbers at which readers trip: ends of ranges, signs, sizes that no memory holds.
NUMBERS = (0, 1, 2, 3, 7, 8, 16, 127, 128, 255, 256, 32767, 32768, 65535, 65536, 2**24, 2**31 - 1, 2**31, 2**32 - 1)
WORDS = (
    b"\0", b"\n", b"\r\n", b",", b'"', b"'", b"{", b"}", b"[", b"]", b":", b"- ", b"&a ", b"*a ", b"<<: ", b"~", b"%",
    b"null", b"true", b"NaN", b"Infinity", b"-1", b"1e999", b"0x", b"99999999999999999999", b"1_0", b"2024-01-01", b"/",
    b"!!python/object:os.x ", b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xc3", b"\x1b[31m", b"../",
    b"\\u0000", b"\\ud800", b" ", b"\t",
)  # fmt: skip


def damaged(data: bytes, random: random.Random, others: list[bytes]) -> bytes:
    """One to several damages to `data`; `others` lend parts."""
    out = bytearray(data)
    for _ in range(1 + int(random.expovariate(0.7))):
        _damage(out, random, others)
        if len(out) > 4 * len(data) + 100_000:
            break
    return bytes(out)


def _damage(out: bytearray, random: random.Random, others: list[bytes]) -> None:
    # Most of what decides how a file is read stands near its beginning.
    at = min(int(random.random() ** random.choice((1, 1, 3)) * (len(out) + 1)), len(out))
    kind = random.randrange(10)
    if kind == 0 and out:
        out[min(at, len(out) - 1)] ^= 1 << random.randrange(8)
    elif kind == 1 and out:
        out[min(at, len(out) - 1)] = random.randrange(256)
    elif kind == 2:
        size = random.choice((1, 2, 4, 8))
        number = random.choice(NUMBERS) % 256**size
        out[at : at + size] = number.to_bytes(size, random.choice(("big", "little")))
    elif kind == 3:
        del out[at:]
    elif kind == 4:
        del out[at : at + 1 + int(random.expovariate(0.05))]
    elif kind == 5:
        part = out[at : at + 1 + int(random.expovariate(0.02))]
        out[at:at] = bytes(part) * random.choice((1, 1, 2, 50))
    elif kind == 6:
        out[at:at] = random.randbytes(1 + int(random.expovariate(0.1)))
    elif kind == 7:
        out[at : at + random.choice((0, 0, 1, 4))] = random.choice(WORDS) * random.choice((1, 1, 1, 3, 400))
    elif kind == 8:
        other = random.choice(others)
        start = random.randrange(len(other) + 1)
        out[at : at + random.choice((0, 64))] = other[start : start + random.choice((16, 200, 2000))]
    elif kind == 9:
        out[at : at + 1 + int(random.expovariate(0.05))] = bytes(random.randrange(64))
