"""What the formats of `tflint memory` for people say in the same words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tflint.memory.arena import Arena, Buffer
from tflint.memory.profile import alive_bytes
from tflint.memory.requests import Library
from tflint.model.graph import Node, Value
from tflint.printable import counted, percent_text, printable, size_text
from tflint.report.memory_result import MemoryReport

MAX_NAME = 400
# What each part of the tail is, by its name in JSON.
KINDS = {
    "allocators": "TFLM's allocators and planner",
    "resource_variables": "resource variables",
    "subgraphs": "a table of the subgraphs",
    "eval_tensors": "a TfLiteEvalTensor for every tensor, constants included",
    "operators": "a node and its registration for every operator",
    "operator_options": "operators' options, parsed",
    "kernel_data": "what kernels keep: multipliers by channel, tables, sums",
    "scratch_handles": "handles of scratch buffers",
    "variables": "variable tensors, which keep their values",
    "io_tensors": "a TfLiteTensor for every input and output",
}
_LIBRARIES = {
    Library.REFERENCE: "reference kernels",
    Library.CMSIS_NN: "CMSIS-NN, plain C",
    Library.CMSIS_NN_DSP: "CMSIS-NN for the DSP extension",
    Library.CMSIS_NN_MVE: "CMSIS-NN for MVE",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A figure in bytes under a heading of some depth; `limit` is what it is held against."""

    depth: int
    label: str
    bytes: int
    note: str = ""
    limit: int | None = None

    @property
    def is_over(self) -> bool:
        """Whether it passes its limit."""
        return self.limit is not None and self.bytes > self.limit


def subject(report: MemoryReport) -> str:
    """What was planned, for what."""
    count = sum(len(graph.nodes) for graph in report.graphs)
    library = _LIBRARIES[report.arena.build.library]
    several = f" in {counted(len(report.graphs), 'subgraph')}" if report.is_multiple else ""
    return (
        f"{size_text(report.use.model_bytes)}, {counted(count, 'operator')}{several}; "
        f"for {printable(report.target_name)}: TFLM with {library}"
    )


def verdict(report: MemoryReport) -> tuple[str, str]:
    """Whether it runs and fits, and the role of that text: `error`, `warning` or `good`."""
    title = report.target.runtime.title
    if report.reason is not None:
        return f"will not run on {title}: {printable(report.reason, 2000)}", "error"
    over = [row for row in totals(report) if row.is_over]
    if over:
        passed = " and ".join(
            f"{row.bytes - (row.limit or 0):,} B of {row.label} too much" for row in over
        )
        return f"does not fit: {passed}", "error"
    if report.fits:
        return "fits its budget", "good"
    return f"nothing found that keeps it from running on {title}", "good"


def totals(report: MemoryReport) -> Iterator[Row]:
    """RAM and flash to plan for, and what they are made of."""
    use, arena, code = report.use, report.arena, report.use.code
    why = "to plan for" if report.runnable else "what it would need"
    yield Row(0, "RAM", use.ram_bytes, why, report.target.ram_bytes)
    yield Row(
        1,
        "arena",
        arena.min_arena_bytes,
        f"the smallest that works; arena_used_bytes() says {arena.arena_bytes:,}",
    )
    yield Row(2, "activations", arena.nonpersistent_bytes, _head_note(arena))
    yield Row(2, "persistent", arena.persistent_bytes, "kept as long as the interpreter")
    passing = arena.min_arena_bytes - arena.nonpersistent_bytes - arena.persistent_bytes
    if passing >= 16:
        yield Row(2, "in passing", passing, _passing_note(arena))
    kernels = max(len(use.operators), 1)
    yield Row(1, "interpreter", use.static.interpreter, "MicroInterpreter")
    yield Row(1, "resolver", use.static.resolver, f"MicroMutableOpResolver<{kernels}>")
    yield Row(1, "stack", use.static.stack, "the deepest that TFLM's calls go")
    yield Row(0, "flash", use.flash_bytes, why, report.target.flash_bytes)
    yield Row(1, "model", use.model_bytes, "the file")
    if code.is_measured and code.unknown:
        note = "measured for the kernels that TFLM has"
    elif code.is_measured and code.note:
        note = "measured for just these kernels, on a Cortex-M4F"
    elif code.is_measured:
        note = "measured for just these kernels"
    else:
        note = f"an estimate, off by {code.error_bytes:,} B at most where it was tested"
    yield Row(1, "TFLM's code", code.bytes, note)


def _head_note(arena: Arena) -> str:
    planned = counted(len(arena.buffers), "buffer")
    if not arena.buffers:
        return "no tensor takes memory"
    share = f"{planned} {'share' if len(arena.buffers) != 1 else 'has'} it"
    if arena.is_planned_offline:
        return f"{planned}, by the plan in the file"
    if arena.nonpersistent_bytes == arena.lower_bound_bytes:
        return f"{share}; no plan takes less"
    return f"{share}; no plan takes less than {arena.lower_bound_bytes:,}"


def _passing_note(arena: Arena) -> str:
    if arena.planning_bytes >= arena.preparing_bytes:
        return "more is needed while TFLM makes its plan"
    return "more is needed while a kernel prepares"


def note_text(row: Row) -> str:
    """What there is to say to a figure: its share of the limit, where there is one, first."""
    if row.limit is None:
        return row.note
    share = percent_text(row.bytes / row.limit) if row.limit else "too much"
    return f"{share} of {row.limit:,}; {row.note}"


def persistent(report: MemoryReport) -> list[Row]:
    """What the tail holds, the largest first."""
    parts = sorted(report.arena.persistent.items(), key=lambda part: -part[1])
    return [Row(1, kind, size, KINDS[kind]) for kind, size in parts if size]


def largest_kernels(report: MemoryReport, most: int = 3) -> list[tuple[str, int]]:
    """The operators whose kernels keep most for good."""
    nodes = {(node.subgraph, node.index): node for graph in report.graphs for node in graph.nodes}
    known = sorted(report.arena.kernel_data.items(), key=lambda item: (-item[1], item[0]))
    return [(operator_text(report, nodes[key]), size) for key, size in known[:most] if size]


def peak_text(report: MemoryReport) -> str:
    """When the most is alive, and how much; of several moments the first."""
    arena = report.arena
    when = operator_text(report, arena.peak_node) if arena.peak_node else "before any operator"
    again = alive_bytes(arena).count(arena.lower_bound_bytes) - 1
    more = f" (and {again:,} more)" if again > 0 else ""
    return f"{when}{more}: {arena.lower_bound_bytes:,} B"


def share_text(report: MemoryReport, buffer: Buffer) -> str:
    """A buffer's share of what is alive at the peak."""
    return percent_text(buffer.reserved / max(report.arena.lower_bound_bytes, 1))


def buffer_text(report: MemoryReport, buffer: Buffer) -> str:
    """`tensor #12 INT8 [1,25,5,64]`, or whose scratch memory it is."""
    if buffer.value is None:
        return "scratch memory" if buffer.node is None else scratch_text(report, buffer.node)
    return f"tensor {tensor_number(report, buffer.value)} {type_text(buffer.value)}"


def scratch_text(report: MemoryReport, node: Node) -> str:
    """`scratch memory of CONV_2D #3`."""
    return f"scratch memory of {operator_text(report, node)}"


def type_text(value: Value) -> str:
    """`INT8 [1,25,5,64]`, long shapes cut."""
    shape = ",".join(map(str, value.shape[:8])) + (",..." if len(value.shape) > 8 else "")
    return f"{value.type.name} [{shape}]"


def life_text(report: MemoryReport, buffer: Buffer) -> str:
    """By whom it is made, and until when it is read."""
    value = buffer.value
    if value is None:
        return "alive during that operator"
    made = "made by " + operator_text(report, value.producer) if value.producer else "an input"
    if value.producer is None and not value.is_input:
        made = "made by nobody"
    if value.is_output:
        return f"{made}, an output"
    if not value.consumers:
        return f"{made}, read by nobody"
    return f"{made}, read until {operator_text(report, value.consumers[-1])}"


def name_text(buffer: Buffer, most: int = MAX_NAME) -> str:
    """The tensor's name, printable, its middle left out where it is longer than `most`."""
    if buffer.value is None:
        return ""
    name = printable(buffer.value.name, MAX_NAME)
    if len(name) <= most:
        return name
    half = max((most - 3) // 2, 1)
    return f"{name[: most - 3 - half]}...{name[-half:]}"


def operator_name(node: Node, most: int = 40) -> str:
    """The operator's name, printable and no longer than `most` then."""
    name = printable(node.name, most)
    return name if len(name) <= most else f"{name[: most - 3]}..."


def operator_text(report: MemoryReport, node: Node) -> str:
    """`CONV_2D #3`, with the subgraph where there are several."""
    name = f"{operator_name(node)} #{node.index}"
    return f"{name} of subgraph {node.subgraph}" if report.is_multiple and node.subgraph else name


def tensor_number(report: MemoryReport, value: Value) -> str:
    """`#12`, or `#1:12` in subgraph 1 where there are several."""
    return f"#{value.subgraph}:{value.index}" if report.is_multiple else f"#{value.index}"


def uncertain(report: MemoryReport) -> list[str]:
    """What is not known of kernels' requests, a line for each reason."""
    grouped: dict[tuple[str, int | None], list[Node]] = {}
    for node, doubt in report.arena.doubts:
        grouped.setdefault((doubt.reason, doubt.bytes), []).append(node)
    lines = []
    for (reason, size), nodes in grouped.items():
        names = ", ".join(operator_text(report, node) for node in nodes[:4])
        more = f" and {len(nodes) - 4:,} more" if len(nodes) > 4 else ""
        off = "by how much is not known" if size is None else f"by {size:,} B each at most"
        lines.append(f"{names}{more}: {printable(reason, 500)}; off {off}")
    unknown = report.use.code.unknown
    if unknown:
        names = ", ".join(printable(name, 40) for name in unknown[:8])
        lines.append(f"flash: no code size is known for {names}; what is given is without")
    if report.use.code.note:
        lines.append(f"flash: {report.use.code.note}")
    return lines


def host_rows(report: MemoryReport) -> list[tuple[str, int, int | None, int]]:
    """Each figure: computed for this machine, measured on it, and computed for the target."""
    if report.host is None:
        return []
    computed, measured, target = report.host.computed, report.host.measured, report.arena
    ran = measured.ran
    return [
        (
            "activations",
            computed.nonpersistent_bytes,
            measured.nonpersistent_bytes if ran else None,
            target.nonpersistent_bytes,
        ),
        (
            "persistent",
            computed.persistent_bytes,
            measured.persistent_bytes if ran else None,
            target.persistent_bytes,
        ),
        (
            "arena_used_bytes()",
            computed.arena_bytes,
            measured.arena_bytes if ran else None,
            target.arena_bytes,
        ),
        (
            "smallest arena",
            computed.min_arena_bytes,
            measured.min_arena_bytes,
            target.min_arena_bytes,
        ),
    ]


def host_notes(report: MemoryReport) -> list[tuple[str, str]]:
    """Why the figures differ, and whether they should not; each with its role."""
    host = report.host
    if host is None:
        return []
    why = (
        "this machine and the target differ in the persistent section: pointers of 8 bytes and "
        "the structs around them, and the wheel's recording allocator"
    )
    if report.arena.build.library.is_cmsis_nn:
        why += "; and in kernels: the wheel has the reference kernels"
    notes = [(why, "dim")]
    if not host.measured.ran:
        said = " ".join(host.measured.log.split())[-600:]
        return [(f"TFLM did not run it on this machine: {printable(said, 600)}", "error"), *notes]
    if host.agrees:
        return [("computed and measured are the same, to the byte", "good"), *notes]
    if host.computed.doubts:
        return [("they differ where a kernel's requests are not known, see above", "warning")]
    return [
        ("computed and measured differ, which is a bug in tflint: please report it", "error"),
        *notes,
    ]


def file_name(report: MemoryReport) -> str:
    """The last part of the model's path."""
    return printable(report.path.rsplit("/", 1)[-1], 80)
