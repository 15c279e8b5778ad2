"""Ordering problems: random small ones, networks of known kinds, and slow exact answers."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from hypothesis import strategies as st

from tflint.memory.order_problem import Block, Problem, alive_bytes, predecessors
from tflint.memory.order_section import Section, sections


@st.composite
def problems(draw: st.DrawFn, most: int = 9) -> Problem:
    """Any kind of small graph, with ties, zero sizes, kept and unread blocks."""
    count = draw(st.integers(0, most))
    size = st.integers(0, draw(st.sampled_from((1, 4, 40))))
    blocks = []
    for maker in [None, None, *range(count), *draw(_some(count))]:
        later = st.integers(0 if maker is None else maker + 1, count - 1) if count else st.nothing()
        room = count if maker is None else count - maker - 1
        readers = draw(st.sets(later, max_size=3)) if room else set()
        kept = draw(st.integers(0, 5)) == 0
        blocks.append(Block(draw(size), maker, tuple(sorted(readers)), kept))
    pairs = draw(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=2))
    sequence = tuple((a, b) for a, b in pairs if a < b < count)
    scratch = tuple(draw(st.sampled_from((0, 0, 1, 3, 20))) for _ in range(count))
    return Problem(scratch, tuple(blocks), sequence)


def _some(count: int) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(0, count - 1), max_size=2) if count else st.just([])


def all_orders(problem: Problem) -> Iterator[tuple[int, ...]]:
    """Every order that keeps the dependencies."""
    before = predecessors(problem)

    def extended(order: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
        if len(order) == problem.operators:
            yield order
        for operator in range(problem.operators):
            if operator not in order and set(before[operator]) <= set(order):
                yield from extended((*order, operator))

    return extended(())


def smallest_peak(problem: Problem) -> int:
    """The smallest peak of any order: a table over all sets of operators, from the definition."""
    before = [set(waited) for waited in predecessors(problem)]
    best = {frozenset[int](): 0}
    for _ in range(problem.operators):
        following: dict[frozenset[int], int] = {}
        for done, peak in best.items():
            here = bytes_alive(problem, done)
            for operator in set(range(problem.operators)) - done:
                if before[operator] <= done:
                    makes = sum(b.bytes for b in problem.blocks if b.maker == operator)
                    most = max(peak, here + makes + problem.scratch[operator])
                    after = done | {operator}
                    following[after] = min(following.get(after, most), most)
        best = following
    at_start = sum(block.bytes for block in problem.blocks if block.maker is None)
    return max(at_start, *best.values())


def bytes_alive(problem: Problem, done: frozenset[int]) -> int:
    """The bytes alive when just these operators have run."""
    return sum(
        block.bytes
        for block in problem.blocks
        if (block.maker is None or block.maker in done)
        and (block.kept or not set(block.readers) <= done)
    )


def whole(problem: Problem) -> Section:
    """A problem as one section."""
    alive = alive_bytes(problem, range(problem.operators))
    part = range(problem.operators)
    return sections(problem, predecessors(problem), [part], alive)[0]


def smallest_section_peak(section: Section) -> int:
    """The smallest peak of any order of a section, from the definition of its fields."""
    best = {frozenset[int](): 0}
    for _ in range(section.count):
        following: dict[frozenset[int], int] = {}
        for done, peak in best.items():
            here = section.start_bytes + sum(section.makes[operator] for operator in done)
            here -= sum(block.bytes for block in section.blocks if set(block.readers) <= done)
            for operator in set(range(section.count)) - done:
                if set(section.before[operator]) <= done:
                    most = max(peak, here + section.during[operator])
                    after = done | {operator}
                    following[after] = min(following.get(after, most), most)
        best = following
    return max(best.values())


def keeps_dependencies(problem: Problem, order: Sequence[int]) -> bool:
    """Whether an order has every operator once, behind those that it waits for."""
    place = {operator: position for position, operator in enumerate(order)}
    return sorted(order) == list(range(problem.operators)) and all(
        place[earlier] < place[operator]
        for operator, waited in enumerate(predecessors(problem))
        for earlier in waited
    )


class Network:
    """A problem under construction, written like a model."""

    def __init__(self, seed: int = 0) -> None:
        self.random = random.Random(seed)
        self.scratch: list[int] = []
        self.made: list[tuple[int, int | None, list[int]]] = []

    def input(self, size: int) -> int:
        """A block that is there from the start."""
        self.made.append((size, None, []))
        return len(self.made) - 1

    def add(self, inputs: Sequence[int], size: int, scratch: int = 0) -> int:
        """An operator that makes one block."""
        operator = len(self.scratch)
        self.scratch.append(scratch)
        for block in dict.fromkeys(inputs):
            self.made[block][2].append(operator)
        self.made.append((size, operator, []))
        return len(self.made) - 1

    def chain(self, x: int, sizes: Sequence[int]) -> int:
        """Operators one behind the other."""
        for size in sizes:
            x = self.add([x], size)
        return x

    def size(self, block: int) -> int:
        """The bytes of a block."""
        return self.made[block][0]

    def problem(self, *outputs: int) -> Problem:
        """What was added, in the order in which it was."""
        return Problem(
            tuple(self.scratch),
            tuple(
                Block(size, maker, tuple(readers), index in outputs)
                for index, (size, maker, readers) in enumerate(self.made)
            ),
        )

    def shuffled(self, *outputs: int) -> Problem:
        """The same in a random order that works."""
        problem = self.problem(*outputs)
        before = predecessors(problem)
        after: list[list[int]] = [[] for _ in before]
        for operator, waited in enumerate(before):
            for earlier in waited:
                after[earlier].append(operator)
        waits = [len(waited) for waited in before]
        ready = [operator for operator, count in enumerate(waits) if not count]
        order: list[int] = []
        while ready:
            order.append(ready.pop(self.random.randrange(len(ready))))
            for later in after[order[-1]]:
                waits[later] -= 1
                if not waits[later]:
                    ready.append(later)
        return renumbered(problem, order)


def renumbered(problem: Problem, order: Sequence[int]) -> Problem:
    """The problem with its operators numbered by another order that works."""
    place = {operator: position for position, operator in enumerate(order)}
    return Problem(
        tuple(problem.scratch[operator] for operator in order),
        tuple(
            Block(
                block.bytes,
                None if block.maker is None else place[block.maker],
                tuple(sorted(place[reader] for reader in block.readers)),
                block.kept,
            )
            for block in problem.blocks
        ),
        tuple((place[earlier], place[later]) for earlier, later in problem.sequence),
    )


def inception(blocks: int, branches: int, seed: int) -> Problem:
    """Blocks of parallel branches of one to four operators, joined by a concatenation."""
    net = Network(seed)
    x = net.input(4096)
    for _ in range(blocks):
        outs = []
        for _ in range(branches):
            sizes = [1024 * net.random.randint(1, 8) for _ in range(net.random.randint(1, 4))]
            outs.append(net.chain(x, sizes))
        x = net.add(outs, sum(map(net.size, outs)))
        x = net.add([x], 4096)
    return net.shuffled(x)


def cells(count: int, seed: int) -> Problem:
    """Cells as architecture search finds them: each reads the two before it."""
    net = Network(seed)
    a = b = net.add([net.input(3072)], 16384)
    for _ in range(count):
        states = [net.add([a], 8192), net.add([b], net.random.choice((4096, 8192)))]
        used: set[int] = set()
        for _ in range(5):
            pair = [net.random.randrange(len(states)) for _ in range(2)]
            used.update(pair)
            ends = [net.chain(states[i], [8192] * net.random.choice((0, 2, 4))) for i in pair]
            states.append(net.add(ends, 8192))
        outs = [states[i] for i in range(2, len(states)) if i not in used]
        a, b = b, net.add(outs, 8192 * len(outs))
    return net.shuffled(b)


def u_net(depth: int, seed: int) -> Problem:
    """An encoder and a decoder with a skip at each level."""
    net = Network(seed)
    size = 65536
    x, skips = net.input(size), []
    for _ in range(depth):
        x = net.chain(x, [size, size])
        skips.append(x)
        size //= 2
        x = net.add([x], size)
    for skip in reversed(skips):
        size *= 2
        x = net.add([net.add([x], size), skip], 2 * size)
        x = net.chain(x, [size, size])
    return net.shuffled(x)


def heads(count: int, layers: int, seed: int) -> Problem:
    """Attention, every head by itself, and two fully connected layers, with residuals."""
    net = Network(seed)
    x = net.add([net.input(1024)], 8192)
    for _ in range(layers):
        outs = []
        for _ in range(count):
            query, key, value = (net.add([x], 1024) for _ in range(3))
            scores = net.add([query, net.add([key], 1024)], 4096)
            outs.append(net.add([net.add([scores], 4096), value], 1024))
        x = net.add([x, net.chain(net.add(outs, 8192), [8192])], 8192)
        x = net.add([x, net.chain(x, [32768, 8192])], 8192)
    return net.shuffled(x)


def dense_block(layers: int, seed: int) -> Problem:
    """Every layer reads all before it."""
    net = Network(seed)
    made = [net.add([net.input(3072)], 1024)]
    for _ in range(layers):
        joined = net.add(made, 1024 * len(made))
        made.append(net.chain(joined, [2048, 1024]))
    return net.shuffled(net.add(made, 1024))


def series_parallel(operators: int, seed: int) -> Problem:
    """Branches in branches, at random."""
    net = Network(seed)
    rng = net.random

    def grown(x: int, count: int) -> int:
        if count <= 1:
            return net.add([x], 16 * rng.randint(1, 100), rng.choice((0, 0, 160)))
        if rng.random() < 0.5:
            first = rng.randint(1, count - 1)
            return grown(grown(x, first), count - first)
        parts = rng.randint(2, 5)
        outs = [grown(x, max(1, (count - 1) // parts)) for _ in range(parts)]
        return net.add(outs, 16 * rng.randint(1, 100))

    return net.shuffled(grown(net.input(1600), operators))


def random_layers(operators: int, width: int, seed: int) -> Problem:
    """Layers of operators that read one to three of the layer before."""
    net = Network(seed)
    rng = net.random
    layer = [net.input(160) for _ in range(width)]
    while len(net.scratch) < operators:
        layer = [
            net.add(rng.sample(layer, min(width, rng.randint(1, 3))), 16 * rng.randint(1, 64))
            for _ in range(width)
        ]
    return net.shuffled(*layer)
