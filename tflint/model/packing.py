"""Where the parts of a flatbuffer go, so that little of it is padding.

Tables come first, each behind all that refer to it. Behind them come constants on their 16-byte
boundaries, and in the gaps between them strings, short vectors and vtables: what refers to
nothing may stand anywhere behind what refers to it.

Source: the FlatBuffers internals documentation, and what its C++ verifier demands.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

from tflint.errors import UnwritableModel
from tflint.model.reader import IDENTIFIER, LEAST_CHARGE

# `force_align: 16` of Buffer.data in the schema; runtimes use the data where they lie.
DATA_ALIGNMENT = 16
# Flatbuffers address with 32 bits, signed in places.
MAX_BYTES = 2**31 - 1
WORD = 4
# An offset to the root and the identifier.
_HEADER_BYTES = 8
# The length of a vector of one element.
_ONE = (1).to_bytes(WORD, "little")
_U32 = struct.Struct("<I")
_I32 = struct.Struct("<i")


class Node:
    """Something in the file: its bytes, and where in them it refers to others.

    It starts `phase` bytes past a multiple of `alignment`. A table has a vtable. `reach` is what
    reading it and all it refers to counts, see `flatbuffer`.
    """

    __slots__ = (
        "alignment",
        "at",
        "is_shared",
        "own_reach",
        "phase",
        "raw",
        "reach",
        "refs",
        "vtable",
    )

    def __init__(
        self,
        raw: bytes,
        alignment: int = WORD,
        phase: int = 0,
        refs: Sequence[tuple[int, Node]] = (),
        vtable: Node | None = None,
    ) -> None:
        self.raw = raw
        self.alignment = alignment
        self.phase = phase
        self.refs = refs
        self.vtable = vtable
        self.at = 0
        self.is_shared = False
        self.own_reach = max(len(raw), LEAST_CHARGE) if vtable else len(raw)
        self.reach: int = self.own_reach + sum(child.reach for _, child in refs)

    @property
    def is_leaf(self) -> bool:
        """Whether it may stand anywhere behind what refers to it."""
        return not self.refs and self.vtable is None

    def start(self, end: int) -> int:
        """The first place for it from `end` on."""
        return end + (self.phase - end) % self.alignment


def laid_out(root: Node, vtables: Iterable[Node]) -> bytes:
    """The file: tables behind what refers to them, then constants with the rest in the gaps."""
    inner, leaves = _in_order(root)
    guests = _guests(leaves)
    owners = [leaf for leaf in leaves if leaf not in guests]
    small = _Small((*(leaf for leaf in owners if leaf.alignment < DATA_ALIGNMENT), *vtables))
    end = _HEADER_BYTES
    for node in inner:
        end = _placed(node, small.fill_half(end))
    for node in owners:
        if node.alignment == DATA_ALIGNMENT:
            end = _placed(node, small.fill(end, node))
    end = small.place_rest(end)
    if end > MAX_BYTES:
        raise UnwritableModel(f"{end:,} bytes do not fit a flatbuffer (2 GiB)")
    for node, (host, offset) in guests.items():
        node.at = host.at + offset
    out = bytearray(end)
    _U32.pack_into(out, 0, root.at)
    out[WORD:_HEADER_BYTES] = IDENTIFIER
    for node in (*inner, *owners, *vtables):
        out[node.at : node.at + len(node.raw)] = node.raw
        for offset, child in node.refs:
            _U32.pack_into(out, node.at + offset, child.at - node.at - offset)
        if node.vtable is not None:
            _I32.pack_into(out, node.at, node.at - node.vtable.at)
    return bytes(out)


def _placed(node: Node, end: int) -> int:
    """Place a node at the first place for it from `end` on; gives where it ends."""
    node.at = node.start(end)
    return node.at + len(node.raw)


def _guests(leaves: Sequence[Node]) -> dict[Node, tuple[Node, int]]:
    """Vectors of one number that others have in them anyway: the others, and where in them.

    So a bias's shape, `(16,)`, is the end of that of its filter, `(32, 1, 1, 16)`.
    """
    short: dict[bytes, Node] = {}
    for leaf in leaves:
        if len(leaf.raw) == 2 * WORD and leaf.is_shared and leaf.raw[:WORD] == _ONE:
            short[leaf.raw] = leaf
    found: dict[Node, tuple[Node, int]] = {}
    for host in leaves:
        if host.alignment == WORD and host.is_shared and len(host.raw) > 2 * WORD:
            at = host.raw.find(_ONE, WORD)
            while at >= 0:
                guest = short.get(host.raw[at : at + 2 * WORD]) if at % WORD == 0 else None
                if guest is not None:
                    found.setdefault(guest, (host, at))
                at = host.raw.find(_ONE, at + 1)
    return found


def _in_order(root: Node) -> tuple[list[Node], list[Node]]:
    """Tables and vectors of offsets, each behind all that refer to it, and the other nodes."""
    done: list[Node] = []
    leaves: list[Node] = []
    seen = {id(root)}
    waiting = [(root, iter(root.refs))]
    while waiting:
        node, refs = waiting[-1]
        for _, child in refs:
            if id(child) in seen:
                continue
            seen.add(id(child))
            if child.is_leaf:
                leaves.append(child)
            else:
                waiting.append((child, iter(child.refs)))
                break
        else:
            done.append(node)
            waiting.pop()
    return done[::-1], leaves


# What brings a gap of so many words to where the next constant starts: the lengths, modulo that
# of a line of four words, of one to three things. The first that are at hand are taken.
_FILLINGS = {
    1: ((1,), (2, 3), (3, 3, 3), (2, 2, 1)),
    2: ((2,), (1, 1), (3, 3), (1, 2, 3)),
    3: ((3,), (2, 1), (1, 1, 1), (2, 2, 3)),
}


class _Small:
    """Leaves that are not constants, and vtables: they stand in the gaps between the others."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        # Vtables of an odd number of half words, which fit behind a table that ends within one.
        self._halves = [n for n in nodes if n.alignment < WORD and len(n.raw) % WORD]
        self._wide = [n for n in nodes if n.alignment > WORD]
        self._by_words: dict[int, list[Node]] = {0: [], 1: [], 2: [], 3: []}
        others = [n for n in nodes if n.alignment == WORD or not len(n.raw) % WORD]
        for node in sorted(others, key=lambda node: len(node.raw)):
            if node.alignment <= WORD:
                self._by_words[-(-len(node.raw) // WORD) % 4].append(node)

    def fill_half(self, end: int) -> int:
        """Place a vtable in front of the next table, if that takes no more room than padding."""
        return _placed(self._halves.pop(), end) if end % WORD in (1, 2) and self._halves else end

    def fill(self, end: int, before: Node) -> int:
        """Place nodes between `end` and another one; gives where the last of them ends."""
        gap = (before.phase - end) % DATA_ALIGNMENT // WORD
        for words in _FILLINGS.get(gap, ()):
            if all(len(self._by_words[one]) >= words.count(one) for one in words):
                for one in words:
                    end = _placed(self._by_words[one].pop(), -(-end // WORD) * WORD)
                return end
        return end

    def place_rest(self, end: int) -> int:
        """Place all that is left; gives where the last of it ends."""
        odd = self._by_words[1] + self._by_words[3]
        for node in self._wide:
            if node.start(end) >= end + WORD and odd:
                end = _placed(odd.pop(), end)
            end = _placed(node, end)
        for node in (*self._by_words[0], *self._by_words[2], *odd, *self._halves):
            end = _placed(node, end)
        return end
