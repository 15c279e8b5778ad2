"""Files that look far larger than they are, laid out by hand; `size` is their length, about."""

from __future__ import annotations

import struct
from collections.abc import Callable

HEADER = 8
MODEL_SLOTS = 10
IN_MODEL = {
    "operator_codes": 1,
    "subgraphs": 2,
    "buffers": 4,
    "metadata": 6,
    "signature_defs": 7,
    "external_buffer_groups": 8,
    "external_buffers": 9,
}


class Image:
    """A file under construction, from its beginning on; offsets are filled in later."""

    def __init__(self) -> None:
        self.data = bytearray(struct.pack("<I4s", 0, b"TFL3"))

    @property
    def here(self) -> int:
        """The next free position."""
        return len(self.data)

    def put(self, format: str, *values: int) -> int:
        """Append numbers; returns where they start."""
        at = self.here
        self.data += struct.pack(f"<{format}", *values)
        return at

    def align(self, to: int = 4) -> int:
        """Append zeros up to a multiple of this."""
        self.data += bytes(-self.here % to)
        return self.here

    def point(self, at: int, target: int) -> None:
        """Let the offset at `at` lead to `target`."""
        struct.pack_into("<I", self.data, at, target - at)

    def vtable(self, inline_bytes: int, slots: list[int]) -> int:
        """Append a vtable."""
        self.align(2)
        return self.put(f"{2 + len(slots)}H", 4 + 2 * len(slots), inline_bytes, *slots)

    def table(self, vtable: int, *words: int) -> int:
        """Append a table of 32-bit fields."""
        at = self.align()
        self.put(f"{1 + len(words)}i", at - vtable, *words)
        return at

    def offsets(self, targets: list[int]) -> int:
        """Append a vector of offsets to what comes later or, by then, is known."""
        start = self.put("I", len(targets))
        first = start + 4
        words = [target - first - 4 * i for i, target in enumerate(targets)]
        self.put(f"{len(targets)}I", *words)
        return start

    def reserve(self, count: int) -> int:
        """Append a vector of `count` offsets, all of them still to be pointed."""
        start = self.put("I", count)
        self.data += bytes(4 * count)
        return start

    def point_all(self, vector: int, targets: list[int]) -> None:
        """Let the offsets of a reserved vector lead to these positions."""
        first = vector + 4
        words = (target - first - 4 * i for i, target in enumerate(targets))
        struct.pack_into(f"<{len(targets)}I", self.data, first, *words)

    def model(self, *extra_slots: str) -> dict[str, int]:
        """Append a root table; returns where its fields are, all still to be pointed."""
        names = {"subgraphs": 2, **{name: IN_MODEL[name] for name in extra_slots}}
        slots = [0] * MODEL_SLOTS
        slots[0] = 4
        for i, slot in enumerate(names.values()):
            slots[slot] = 8 + 4 * i
        vtable = self.vtable(8 + 4 * len(names), slots)
        root = self.table(vtable, 3, *[0] * len(names))
        self.point(0, root)
        return {name: root + slots[slot] for name, slot in names.items()}

    def empty_subgraph(self, field: int) -> None:
        """Append a subgraph with nothing in it as the model's only one."""
        vtable = self.vtable(4, [])
        self.align()
        self.point(field, self.reserve(1))
        graph = self.table(vtable)
        self.point(graph - 4, graph)

    def finish(self) -> bytes:
        """The file."""
        self.align(16)
        return bytes(self.data)


def one_operator_many_times(size: int) -> bytes:
    """A subgraph whose operators are all the same table."""
    image = Image()
    fields = image.model()
    no_fields, only_operators = image.vtable(4, []), image.vtable(8, [0, 0, 0, 4])
    image.align()
    image.point(fields["subgraphs"], image.reserve(1))
    graph = image.table(only_operators, 0)
    image.point(graph - 4, graph)
    count = (size - image.here - 32) // 4
    operators = image.reserve(count)
    image.point(graph + 4, operators)
    image.point_all(operators, [image.table(no_fields)] * count)
    return image.finish()


def one_subgraph_many_times(size: int) -> bytes:
    """Subgraphs that are all the same table, which is as large as all their offsets."""
    image = Image()
    fields = image.model()
    no_fields, only_operators = image.vtable(4, []), image.vtable(8, [0, 0, 0, 4])
    count = (size - image.here - 64) // 12
    image.align()
    subgraphs = image.reserve(count)
    image.point(fields["subgraphs"], subgraphs)
    graph = image.table(only_operators, 0)
    image.point_all(subgraphs, [graph] * count)
    operators = image.reserve(count)
    image.point(graph + 4, operators)
    image.point_all(operators, [image.table(no_fields) for _ in range(count)])
    return image.finish()


def operators_of_one_vtable(size: int) -> bytes:
    """Many operators without fields, each a table of four bytes."""
    image = Image()
    fields = image.model()
    no_fields, only_operators = image.vtable(4, []), image.vtable(8, [0, 0, 0, 4])
    image.align()
    image.point(fields["subgraphs"], image.reserve(1))
    graph = image.table(only_operators, 0)
    image.point(graph - 4, graph)
    count = (size - image.here - 32) // 8
    operators = image.reserve(count)
    image.point(graph + 4, operators)
    image.point_all(operators, [image.table(no_fields) for _ in range(count)])
    return image.finish()


def tensors_of_one_vtable(size: int) -> bytes:
    """Many tensors without fields, each a table of four bytes."""
    image = Image()
    fields = image.model()
    no_fields, only_tensors = image.vtable(4, []), image.vtable(8, [4])
    image.align()
    image.point(fields["subgraphs"], image.reserve(1))
    graph = image.table(only_tensors, 0)
    image.point(graph - 4, graph)
    count = (size - image.here - 32) // 8
    tensors = image.reserve(count)
    image.point(graph + 4, tensors)
    image.point_all(tensors, [image.table(no_fields) for _ in range(count)])
    return image.finish()


def everything_is_the_same_vector(size: int) -> bytes:
    """Buffers, metadata, signatures and so on, all of them the same vector of tables."""
    image = Image()
    names = [name for name in IN_MODEL if name != "subgraphs"]
    fields = image.model(*names)
    image.empty_subgraph(fields["subgraphs"])
    no_fields = image.vtable(4, [])
    count = (size - image.here - 32) // 8
    image.align()
    vector = image.reserve(count)
    for name in names:
        image.point(fields[name], vector)
    image.point_all(vector, [image.table(no_fields) for _ in range(count)])
    return image.finish()


def a_vtable_for_each_table(size: int) -> bytes:
    """Buffers without fields that have a vtable each."""
    image = Image()
    fields = image.model("buffers")
    image.empty_subgraph(fields["subgraphs"])
    count = (size - image.here - 64) // 12
    first = image.align()
    image.put(f"{count}I", *[0x00040004] * count)
    vector = image.reserve(count)
    image.point(fields["buffers"], vector)
    image.point_all(vector, [image.table(first + 4 * i) for i in range(count)])
    return image.finish()


def one_huge_vtable(size: int) -> bytes:
    """Buffers that share a vtable of 32,000 slots, all of them unknown."""
    image = Image()
    fields = image.model("buffers")
    image.empty_subgraph(fields["subgraphs"])
    vtable = image.vtable(8, [0] * 3 + [4] * 32_000)
    image.align()
    count = max(1, (size - image.here - 64) // 12)
    vector = image.reserve(count)
    image.point(fields["buffers"], vector)
    image.point_all(vector, [image.table(vtable, 0) for _ in range(count)])
    return image.finish()


def one_huge_empty_vtable(size: int) -> bytes:
    """Buffers that share a vtable of 32,000 slots, none of them in use."""
    image = Image()
    fields = image.model("buffers")
    image.empty_subgraph(fields["subgraphs"])
    vtable = image.vtable(4, [0] * 32_000)
    image.align()
    count = max(1, (size - image.here - 64) // 8)
    vector = image.reserve(count)
    image.point(fields["buffers"], vector)
    image.point_all(vector, [image.table(vtable) for _ in range(count)])
    return image.finish()


def _tensors_with(
    size: int, slot: int, each: int, tail: bytes, lead: Callable[[int], int]
) -> bytes:
    """Tensors with one field, which leads `lead(i)` bytes into `tail`."""
    image = Image()
    fields = image.model()
    slots = [0] * slot + [4]
    vtable, only_tensors = image.vtable(8, slots), image.vtable(8, [4])
    image.align()
    image.point(fields["subgraphs"], image.reserve(1))
    graph = image.table(only_tensors, 0)
    image.point(graph - 4, graph)
    count = max(1, (size - image.here - len(tail) - 64) // each)
    tensors = image.reserve(count)
    image.point(graph + 4, tensors)
    tables = [image.table(vtable, 0) for _ in range(count)]
    image.point_all(tensors, tables)
    start = image.align()
    image.data += tail
    for i, table in enumerate(tables):
        image.point(table + 4, start + lead(i))
    return image.finish()


def one_shape_for_all(size: int) -> bytes:
    """Tensors that share a shape, which is half of the file."""
    length = size // 8
    tail = struct.pack(f"<I{length}i", length, *range(length))
    return _tensors_with(size, 0, 12, tail, lambda _: 0)


def shapes_on_top_of_each_other(size: int) -> bytes:
    """Tensors whose shapes begin every four bytes and all reach to the end."""
    length = size // 8
    tail = struct.pack(f"<{length}I", *reversed(range(length)))
    return _tensors_with(size, 0, 12, tail, lambda i: 4 * (i % (length - 1)))


def one_name_for_all(size: int) -> bytes:
    """Tensors that share a name of wide characters, which is half of the file."""
    text = ("\N{GRINNING FACE}" + "a" * 63).encode() * (size // 2 // 67)
    return _tensors_with(size, 3, 12, struct.pack("<I", len(text)) + text + b"\0", lambda _: 0)


def names_that_are_not_text(size: int) -> bytes:
    """Tensors whose names are one byte each, not UTF-8, all at the same place."""
    return _tensors_with(size, 3, 12, b"\x01\0\0\0\xff\0\0\0", lambda _: 0)


def empty_names(size: int) -> bytes:
    """Tensors with empty names."""
    return _tensors_with(size, 3, 12, bytes(8), lambda _: 0)


def one_quantization_for_all(size: int) -> bytes:
    """Tensors that share quantisation parameters of many channels."""
    length = size // 16
    # vtable, table, and the vector of scales.
    tail = struct.pack("<5H2x", 10, 8, 0, 0, 4) + struct.pack("<iI", 12, 4)
    tail += struct.pack(f"<I{length}f", length, *[0.5] * length)
    return _tensors_with(size, 4, 12, tail, lambda _: 12)


def unknown_fields_of_one_target(size: int) -> bytes:
    """Tensors whose unknown fields all lead to the same long vector."""
    length = size // 8
    tail = struct.pack(f"<I{length}I", length, *range(length))
    return _tensors_with(size, 12, 12, tail, lambda _: 0)


def unknown_fields_of_a_target_each(size: int) -> bytes:
    """Tensors whose unknown fields lead to a short vector each."""
    count = size // 24
    tail = struct.pack("<2I", 1, 7) * count
    return _tensors_with(size, 12, 12, tail, lambda i: 8 * (i % count))


def unknown_vectors_of_strings(size: int) -> bytes:
    """Unknown vectors of strings, which begin every four bytes and lie on top of each other."""
    length = size // 8
    # Vector i has all the words behind it, and each of them leads to an empty string.
    tail = struct.pack(f"<{length}I", *[4 * length] * length) + bytes(4 * length + 8)
    return _tensors_with(size, 12, 2_000, tail, lambda i: 4 * (i % 8))


def unknown_tables_of_huge_vtables(size: int) -> bytes:
    """An unknown vector of tables that share a vtable of 30,000 slots."""
    slots = 30_000
    vtable = struct.pack(f"<{slots + 2}H", 4 + 2 * slots, 8, *[4] * slots)
    count = max(1, (size - len(vtable)) // 16)
    at = len(vtable)
    first_table = at + 4 + 4 * count
    words = [first_table + 8 * i - (at + 4 + 4 * i) for i in range(count)]
    tail = vtable + struct.pack(f"<I{count}I", count, *words)
    for i in range(count):
        tail += struct.pack("<iI", first_table + 8 * i, 4)
    return _tensors_with(size, 12, 20_000, tail, lambda _: at)


def unknown_chain(size: int) -> bytes:
    """An unknown table that leads to a table that leads to a table, and so on."""
    count = size // 24
    tail = struct.pack("<3H2x", 6, 8, 4)
    for i in range(count):
        tail += struct.pack("<iI", 8 + 8 * i, 4)
    return _tensors_with(size, 12, 12, tail, lambda i: 8 + 8 * (i % count))


def unknown_fields_in_huge_tables(size: int) -> bytes:
    """Tables of 16,000 unknown fields each, all of which lead to short vectors of their own."""
    image = Image()
    fields = image.model("buffers")
    image.empty_subgraph(fields["subgraphs"])
    in_one = min(16_000, size // 16)
    vtable = image.vtable(4 * in_one + 4, [0] * 3 + list(range(4, 4 * in_one + 4, 4)))
    count = max(1, (size - image.here) // (12 * in_one))
    image.align()
    vector = image.reserve(count)
    image.point(fields["buffers"], vector)
    tables = [image.table(vtable, *[0] * in_one) for _ in range(count)]
    image.point_all(vector, tables)
    for table in tables:
        for i in range(in_one):
            image.point(table + 4 + 4 * i, image.put("2I", 1, 7))
    return image.finish()


def options_of_unknown_types(size: int) -> bytes:
    """Operators that share options of an unknown type with a thousand fields."""
    image = Image()
    fields = image.model()
    only_operators = image.vtable(8, [0, 0, 0, 4])
    with_options = image.vtable(12, [0, 0, 0, 4, 8])
    thousand = image.vtable(2000, list(range(4, 1004)))
    image.align()
    image.point(fields["subgraphs"], image.reserve(1))
    graph = image.table(only_operators, 0)
    image.point(graph - 4, graph)
    count = max(1, (size - image.here - 3000) // 16)
    operators = image.reserve(count)
    image.point(graph + 4, operators)
    tables = [image.table(with_options, 250, 0) for _ in range(count)]
    image.point_all(operators, tables)
    options = image.table(thousand, *[4] * 499)
    for table in tables:
        image.point(table + 8, options)
    return image.finish()


HOSTILE = [
    one_operator_many_times,
    one_subgraph_many_times,
    operators_of_one_vtable,
    tensors_of_one_vtable,
    everything_is_the_same_vector,
    a_vtable_for_each_table,
    one_huge_vtable,
    one_huge_empty_vtable,
    one_shape_for_all,
    shapes_on_top_of_each_other,
    one_name_for_all,
    names_that_are_not_text,
    empty_names,
    one_quantization_for_all,
    unknown_fields_of_one_target,
    unknown_fields_of_a_target_each,
    unknown_vectors_of_strings,
    unknown_tables_of_huge_vtables,
    unknown_chain,
    unknown_fields_in_huge_tables,
    options_of_unknown_types,
]
