"""Statistics of constant data, read in chunks of a mapped file and never whole.

Everything here runs at the speed of C without NumPy, which `tflint check` does not load:
`bytes.translate` looks a property of each byte up, `in` and `find` are `memchr`, and a chunk
taken as one large integer is combined with another in a few operations, whatever the length
of a channel. What can be decided from the first bytes is.

Shapes: constants are (outer, channels, inner) in row-major order. The channels of a filter
(O, H, W, I) are contiguous: (1, O, H * W * I); those of a depthwise filter (1, H, W, C), and
the columns of a matrix, are interleaved: (rows, C, 1).
"""

from __future__ import annotations

import functools
import hashlib
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

# Bytes that are held of a constant at a time: fits the second-level cache of most cores.
CHUNK = 1 << 20
# What is looked at first, where a few bytes usually decide.
_FIRST = 256
_GROWTH = 16
# `adler32` sums bytes modulo 65521 in its low half: exact for this many bytes of up to 127.
_ADLER_BLOCK = 512
_NONZERO = b"\0" + b"\1" * 255

# Codes of integers by their width in bytes.
_INTEGERS: dict[int, Literal["H", "I", "Q"]] = {2: "H", 4: "I", 8: "Q"}

Combine = Callable[[int, int], int]


@dataclass(frozen=True, slots=True)
class Layout:
    """How elements fall into channels: `outer` times `channels` runs of `inner` elements."""

    outer: int
    channels: int
    inner: int

    @property
    def depth(self) -> int:
        """Elements of one channel."""
        return self.outer * self.inner

    @property
    def elements(self) -> int:
        """Elements of all channels."""
        return self.outer * self.channels * self.inner


@dataclass(frozen=True, slots=True)
class Elements:
    """Elements of `width` bytes in `data`; of half a byte where `packed`.

    Packed elements come out a byte each, the low half first and without its sign extended,
    as they are: tables for them have 16 entries that matter.
    """

    data: memoryview
    width: int = 1
    packed: bool = False

    def read(self, start: int, stop: int, table: bytes | None = None) -> bytes:
        """The elements from `start` to `stop`, each byte looked up in `table`."""
        if not self.packed:
            raw = bytes(self.data[start * self.width : stop * self.width])
            return raw if table is None else raw.translate(table)
        first = start // 2
        raw = bytes(self.data[first : (stop + 1) // 2])
        both = bytearray(2 * len(raw))
        both[0::2] = raw.translate(_half(table, 0))
        both[1::2] = raw.translate(_half(table, 4))
        return bytes(both[start - 2 * first : stop - 2 * first])


@functools.lru_cache(maxsize=64)
def _half(table: bytes | None, shift: int) -> bytes:
    """The table for one half of each byte."""
    looked_up = bytes(range(16)) if table is None else table
    return bytes(looked_up[(byte >> shift) & 15] for byte in range(256))


def pieces(start: int, stop: int, least: int, most: int) -> Iterator[tuple[int, int]]:
    """Spans from `start` to `stop` that grow from `least` to `most` elements."""
    size = least
    while start < stop:
        end = min(start + size, stop)
        yield start, end
        start, size = end, min(size * _GROWTH, most)


def channel_peaks(elements: Elements, layout: Layout, table: bytes, enough: int) -> bytearray:
    """The largest entry of `table` among each channel's bytes, one byte a channel.

    `table` maps a byte to 0..`enough`, at most 127; what has reached `enough` is not looked
    at any further. Elements are of one byte; `layout` has an `inner` or an `outer` of 1.
    """
    if layout.outer == 1:
        return _contiguous_peaks(elements, layout, table, enough)
    combine = _either if enough == 1 else _larger
    row, found = layout.channels, bytearray()
    for left, right in pieces(0, row, CHUNK, CHUNK):
        width = right - left
        peak, full = 0, _lanes(enough, width)
        whole = width == row
        most = max(CHUNK // row, 1) if whole else 1
        for first, last in pieces(0, layout.outer, min(16, most), most):
            start = first * row + left
            data = elements.read(start, start + (last - first - 1) * row + width, table)
            peak = combine(peak, _fold(data, width, combine))
            if peak == full:
                break
        found += peak.to_bytes(width, "little")
    return found


def nonzero_channels(elements: Elements, layout: Layout, *, signed_zero: bool) -> bytearray:
    """1 for each channel that has an element other than zero, 0 for the others.

    With `signed_zero` the highest bit of an element may be set in a zero, as in floats.
    """
    width = elements.width
    found = bytearray()
    if layout.outer > 1:
        row = layout.channels
        for left, right in pieces(0, row, CHUNK // width, CHUNK // width):
            found += _nonzero_columns(elements, layout, left, right, signed_zero)
        return found
    depth, count = layout.inner, layout.channels
    if depth * width >= 1024:
        for c in range(count):
            found.append(_has_nonzero(elements, c * depth, (c + 1) * depth, signed_zero))
        return found
    together = max(CHUNK // (depth * width), 1)
    zeros = bytes(depth * width)
    for first, last in pieces(0, count, together, together):
        data = elements.read(first * depth, last * depth)
        # A zero of either sign has no other bytes than these, so without a long enough run
        # of them no channel is zero.
        suspicious = data.translate(_NOT_ZERO if signed_zero else _NONZERO)
        if suspicious.find(zeros) < 0:
            found += b"\1" * (last - first)
            continue
        union = 0
        for j in range(depth * width):
            lane = int.from_bytes(data[j :: depth * width], "little")
            if signed_zero and j % width == width - 1:
                lane &= _lanes(127, last - first)
            union |= lane
        found += union.to_bytes(last - first, "little").translate(_NONZERO)
    return found


def distinct_values(elements: Elements, span: slice, limit: int) -> int | None:
    """How many values the elements of `span` have; None above `limit`. Not for packed ones."""
    if elements.width == 1:
        return _distinct_bytes(elements.data[span], limit)
    seen: set[int] = set()
    values = elements.data.cast(_INTEGERS[elements.width])[span]
    for first, last in pieces(0, len(values), _FIRST, CHUNK // elements.width):
        chunk = values[first:last].tobytes()
        # Nothing is faster than hashing where values differ; where they do not, this is.
        if chunk == chunk[: elements.width] * (last - first):
            last = first + 1
        seen.update(values[first:last])
        if len(seen) > limit:
            return None
    return len(seen)


def signed_sums(elements: Elements, start: int, stop: int, zero_point: int) -> tuple[int, int]:
    """The sum of the positive and that of the negative int8 elements from `start` to `stop`."""
    positive, negative = _sign_tables(zero_point)
    sums = [0, 0]
    for first, last in pieces(start, stop, CHUNK, CHUNK):
        data = elements.read(first, last)
        for i, tables in enumerate((positive, negative)):
            # A weight and its zero point are up to 255 apart: two summands of up to 127 each,
            # and a third of 1.
            for table in tables:
                looked_up = data.translate(table)
                sums[i] += sum(
                    (zlib.adler32(looked_up[at : at + _ADLER_BLOCK]) & 0xFFFF) - 1
                    for at in range(0, len(looked_up), _ADLER_BLOCK)
                )
    return sums[0], -sums[1]


def digest(data: memoryview) -> bytes:
    """A hash that no two different constants share."""
    hash = hashlib.blake2b(digest_size=16)
    for first, last in pieces(0, len(data), CHUNK, CHUNK):
        hash.update(data[first:last])
    return hash.digest()


# Both zeros of a float, apart from every other byte; see `nonzero_channels`.
_NOT_ZERO = bytes(byte not in (0, 0x80) for byte in range(256))


def _contiguous_peaks(elements: Elements, layout: Layout, table: bytes, enough: int) -> bytearray:
    depth, count = layout.inner, layout.channels
    together = max(min(CHUNK // depth, count), 1)
    # One by one a channel takes some microseconds; together, each of their positions does.
    if 3 * together < depth:
        return bytearray(
            _span_peak(elements, c * depth, (c + 1) * depth, table, enough) for c in range(count)
        )
    combine = _either if enough == 1 else _larger
    found = bytearray()
    zeros = bytes(depth)
    for first, last in pieces(0, count, together, together):
        data = elements.read(first * depth, last * depth, table)
        if enough == 1 and data.find(zeros) < 0:
            found += b"\1" * (last - first)
            continue
        peak, full = 0, _lanes(enough, last - first)
        for j in range(depth):
            peak = combine(peak, int.from_bytes(data[j::depth], "little"))
            if not j % 16 and peak == full:
                break
        found += peak.to_bytes(last - first, "little")
    return found


def _span_peak(elements: Elements, start: int, stop: int, table: bytes, enough: int) -> int:
    peak = 0
    for first, last in pieces(start, stop, _FIRST, CHUNK):
        data = elements.read(first, last, table)
        for value in range(enough, peak, -1):
            if value in data:
                peak = value
                break
        if peak == enough:
            break
    return peak


def _fold(data: bytes, row: int, combine: Combine) -> int:
    """All rows of `data` combined into one."""
    rows = len(data) // row
    total = int.from_bytes(data, "little")
    while rows > 1:
        low = rows - rows // 2
        bits = 8 * row * low
        total = combine(total & ((1 << bits) - 1), total >> bits)
        rows = low
    return total


def _either(a: int, b: int) -> int:
    return a | b


def _larger(a: int, b: int) -> int:
    """The larger of two numbers in each byte; none is above 127.

    With its highest bit set, each byte of `a` lends from no other when `b` is taken off, and
    keeps the bit where it was not smaller.
    """
    high = _lanes(128, -(-max(a.bit_length(), b.bit_length()) // 8))
    kept = ((a | high) - b) & high
    return b ^ ((a ^ b) & (kept - (kept >> 7)))


@functools.lru_cache(maxsize=4)
def _lanes(value: int, count: int) -> int:
    """The same byte `count` times over."""
    return int.from_bytes(bytes((value,)) * count, "little")


def _nonzero_columns(
    elements: Elements, layout: Layout, left: int, right: int, signed_zero: bool
) -> bytes:
    """`nonzero_channels` for the interleaved channels from `left` to `right`."""
    width, row, count = elements.width, layout.channels, right - left
    union, found = 0, bytes(count)
    most = max(CHUNK // (row * width), 1) if count == row else 1
    for first, last in pieces(0, layout.outer, min(16, most), most):
        start = first * row + left
        data = elements.read(start, start + (last - first - 1) * row + count)
        union |= _fold(data, count * width, _either)
        folded = bytearray(union.to_bytes(count * width, "little"))
        if signed_zero:
            folded[width - 1 :: width] = folded[width - 1 :: width].translate(_LOW_BITS)
        channels = 0
        for j in range(width):
            channels |= int.from_bytes(folded[j::width], "little")
        found = channels.to_bytes(count, "little").translate(_NONZERO)
        if 0 not in found:
            break
    return found


_LOW_BITS = bytes(byte & 127 for byte in range(256))


def _has_nonzero(elements: Elements, start: int, stop: int, signed_zero: bool) -> bool:
    width = elements.width
    for first, last in pieces(start, stop, _FIRST // width, CHUNK // width):
        data = elements.read(first, last)
        if not signed_zero:
            if data.count(0) < len(data):
                return True
        elif 1 in data.translate(_NOT_ZERO):
            return True
        elif data.count(0x80) > data[width - 1 :: width].count(0x80):
            # The bit of the sign, but in another byte: a number so small that it has no exponent.
            return True
    return False


def _distinct_bytes(data: memoryview, limit: int) -> int | None:
    known: set[int] = set()
    table = b"\1" * 256
    for first, last in pieces(0, len(data), _FIRST, CHUNK):
        chunk = bytes(data[first:last])
        at = chunk.translate(table).find(1)
        while at >= 0:
            known.update(chunk[at : at + _FIRST])
            if len(known) > limit:
                return None
            table = bytes(byte not in known for byte in range(256))
            new = chunk[at + _FIRST :].translate(table).find(1)
            at = -1 if new < 0 else at + _FIRST + new
    return len(known)


@functools.lru_cache(maxsize=16)
def _sign_tables(zero_point: int) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """Tables whose entries add up to how far an int8 is above the zero point, and below."""
    values = [(byte ^ 128) - 128 - zero_point for byte in range(256)]

    def split(distances: list[int]) -> tuple[bytes, ...]:
        parts = []
        while any(distances):
            parts.append(bytes(min(distance, 127) for distance in distances))
            distances = [max(distance - 127, 0) for distance in distances]
        return tuple(parts)

    return split([max(v, 0) for v in values]), split([max(-v, 0) for v in values])
