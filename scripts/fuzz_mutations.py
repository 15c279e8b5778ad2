"""Mutations of models that know what a flatbuffer looks like, the same on every run."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

MAX_BYTES = 1024 * 1024
WORDS = (0, 1, 2, 3, 4, 8, 127, 128, 255, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 4, 2**32 - 1)
SHORTS = (0, 1, 2, 4, 5, 6, 8, 1000, 2**15, 2**16 - 2, 2**16 - 1)


@dataclass(frozen=True)
class Seed:
    """A model and where in it tables begin and offsets lie."""

    data: bytes
    tables: tuple[int, ...]
    offsets: tuple[int, ...]

    @classmethod
    def of(cls, data: bytes) -> Seed:
        """Find what looks like a table: a word that leads back to a plausible vtable."""
        tables, offsets = [], []
        for at in range(0, len(data) - 3, 4):
            back, forward = struct.unpack_from("<i", data, at)[0], _word(data, at)
            vtable = at - back
            if 0 <= vtable <= len(data) - 4 and not vtable & 1:
                size, inline = struct.unpack_from("<HH", data, vtable)
                if 4 <= size <= 64 and not size & 1 and 4 <= inline <= 256:
                    tables.append(at)
            if 4 <= forward < len(data) - at and not forward & 3:
                offsets.append(at)
        return cls(data, tuple(tables or [0]), tuple(offsets or [0]))


def _word(data: bytes | bytearray, at: int) -> int:
    (word,) = struct.unpack_from("<I", data, at)
    return int(word)


def flip_bytes(random: random.Random, data: bytearray, seeds: Sequence[Seed], seed: Seed) -> None:
    """Change a few bits."""
    for _ in range(random.choice((1, 1, 2, 8))):
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)


def set_word(random: random.Random, data: bytearray, seeds: Sequence[Seed], seed: Seed) -> None:
    """Overwrite 32 bits with a value that is on some edge."""
    at = 4 * random.randrange(len(data) // 4)
    near = _word(data, at) + random.choice((-4, -1, 1, 4))
    value = random.choice((*WORDS, len(data), len(data) - at, random.getrandbits(32), near))
    struct.pack_into("<I", data, at, value % 2**32)


def set_short(random: random.Random, data: bytearray, seeds: Sequence[Seed], seed: Seed) -> None:
    """Overwrite 16 bits of a vtable: its size, its table's size, or a field's place."""
    table = random.choice(seed.tables)
    if table + 4 > len(data):
        return
    vtable = table - struct.unpack_from("<i", data, table)[0]
    at = vtable + 2 * random.randrange(12)
    if 0 <= at <= len(data) - 2:
        value = random.choice((*SHORTS, random.randrange(64)))
        struct.pack_into("<H", data, at, value)


def redirect(random: random.Random, data: bytearray, seeds: Sequence[Seed], seed: Seed) -> None:
    """Let an offset lead to some other table, or a table to some other vtable."""
    at, target = random.choice(seed.offsets), random.choice(seed.tables)
    if max(at, target) + 4 > len(data):
        return
    if random.random() < 0.8:
        struct.pack_into("<I", data, at, (target - at) % 2**32)
    else:
        table = random.choice(seed.tables)
        vtable = target - struct.unpack_from("<i", data, target)[0]
        if table + 4 <= len(data):
            struct.pack_into("<I", data, table, (table - vtable) % 2**32)


def truncate(random: random.Random, data: bytearray, seeds: Sequence[Seed], seed: Seed) -> None:
    """Cut the end off."""
    del data[random.randrange(8, len(data)) :]


def splice(random: random.Random, data: bytearray, seeds: Sequence[Seed], seed: Seed) -> None:
    """Copy a part of some model over a part of this one."""
    other = random.choice(seeds).data
    start = 4 * random.randrange(len(other) // 4)
    length = 4 * random.randrange(1, 64)
    at = 4 * random.randrange(len(data) // 4)
    piece = other[start : start + length]
    data[at : at + len(piece)] = piece


def insert(random: random.Random, data: bytearray, seeds: Sequence[Seed], seed: Seed) -> None:
    """Push everything behind some place on."""
    at = 4 * random.randrange(len(data) // 4)
    data[at:at] = bytes(4 * random.randrange(1, 8))


MUTATIONS = (flip_bytes, set_word, set_short, redirect, truncate, splice, insert)
WEIGHTS = (3, 5, 3, 5, 1, 2, 1)


def mutations(models: Iterable[bytes], seed: int = 0) -> Iterator[bytes]:
    """Damaged models without end, the same for the same arguments."""
    seeds = [Seed.of(data) for data in models]
    generator = random.Random(seed)
    while True:
        base = generator.choice(seeds)
        data = bytearray(base.data)
        for mutate in generator.choices(MUTATIONS, WEIGHTS, k=generator.choice((1, 1, 1, 2, 4))):
            if len(data) >= 16:
                mutate(generator, data, seeds, base)
        yield bytes(data[:MAX_BYTES])
