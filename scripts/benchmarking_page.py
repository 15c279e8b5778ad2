"""The parts of `docs/benchmarking.md` that follow from the original project's models.

`scripts/measure_benchmarks.py` writes them, and a test holds the page to them. Each figure that
the page states about a model is computed here from the file.
"""

from __future__ import annotations

import functools
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable
from pathlib import Path

from tflint.bench.intervals import wilson_interval
from tflint.bench.static_figures import with_static_figures
from tflint.model.graph import graphs
from tflint.model.reader import parse_model
from tflint.model.schema import TensorType
from tflint.report.bench_result import BenchedModel, RuntimeUse, TensorRow, WeightsUse
from tflint.target.target import find_target

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "benchmarking.md"
# The models of the original's headline table, with the KB of weights that it gives them.
HEADLINE = {
    "MotionSense/reduced_drange": "6.02",
    "MusicClassifier/reduced_drange": "42",
    "KeywordSpotting/reduced_drange": "6.01",
    "CarSensor/reduced_drange": "2.57",
}
# The same networks in float32, which TFLM runs.
RUNNABLE = tuple(name.replace("drange", "no_quant") for name in HEADLINE)

Rows = dict[str, BenchedModel]


def seed_rows(shared: Path) -> Rows:
    """The figures of each of the original's models, without running any."""
    seed = shared / "models" / "seed"
    rows: Rows = {}
    for path in sorted(seed.rglob("*.tflite")):
        name = path.relative_to(seed).with_suffix("").as_posix()
        data = path.read_bytes()
        row = BenchedModel(name, len(data))
        rows[name] = with_static_figures(row, parse_model(data), find_target("tflm"))
    return rows


def models_part(rows: Rows) -> str:
    """A line a model: what the original's sheets have of it, and what a device has to."""
    lines = [
        "| model | form | weights | their bytes | KB | dynamic | file bytes | RAM | runs on TFLM |",
        "|---|---|--:|--:|--:|--:|--:|--:|---|",
    ]
    for name, row in rows.items():
        use, weights = tflm(row), weights_of(row)
        ram = f"{use.ram_bytes:,}"
        lines.append(
            f"| {name} | {row.quantization} | {weights.count:,} | {weights.bytes:,} | "
            f"{kilobytes(weights.bytes)} | {row.dynamic_bytes:,} | {row.file_bytes:,} | "
            f"{ram if use.runnable else f'({ram})'} | {'yes' if use.runnable else 'no'} |"
        )
    return "\n".join(lines) + "\n"


def headline_part(rows: Rows) -> str:
    """The original's first table, beside what the files say."""
    lines = [
        "| model | published | bytes of weights | the file | smallest arena | runs on TFLM |",
        "|---|--:|--:|--:|--:|---|",
    ]
    for name, published in HEADLINE.items():
        row = rows[name]
        use = tflm(row)
        lines.append(
            f"| {name} | {published} KB | {weights_of(row).bytes:,} | {row.file_bytes:,} | "
            f"{use.min_arena_bytes:,} | {'yes' if use.runnable else 'no'} |"
        )
    return "\n".join(lines) + "\n"


def sums_part(rows: Rows) -> str:
    """What the sheets add up, beside what a runtime takes that lets tensors share memory."""
    lines = [
        "| float32 | dynamic, the sum | most alive at once | smallest arena | sum / arena |",
        "|---|--:|--:|--:|--:|",
    ]
    for name in RUNNABLE:
        row = rows[name]
        use = tflm(row)
        assert row.memory is not None
        assert row.dynamic_bytes is not None
        assert use.min_arena_bytes is not None
        lines.append(
            f"| {name} | {row.dynamic_bytes:,} | {row.memory.use.arena.lower_bound_bytes:,} | "
            f"{use.min_arena_bytes:,} | {row.dynamic_bytes / use.min_arena_bytes:.2f} |"
        )
    return "\n".join(lines) + "\n"


def wrong_part(rows: Rows, shared: Path) -> str:
    """What the original says, each with the figures that it should have."""
    statements: tuple[Callable[[Rows], str], ...] = (
        _headline,
        _limits,
        _flash,
        _kilobyte,
        functools.partial(_other_constants, shared),
        _sums,
        _interface,
        _float16,
        _dynamic,
        _accuracy,
        _wrong_file,
        _select,
        functools.partial(_batch_norm, shared),
    )
    return "".join(f"{filled(f'- {make(rows)}', indent='  ')}\n" for make in statements)


def filled(text: str, indent: str = "") -> str:
    """A paragraph in lines as long as the page's."""
    return textwrap.fill(
        text, 115, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _headline(rows: Rows) -> str:
    refused = [row for row in rows.values() if not tflm(row).runnable]
    hybrid = sum(row.quantization == "dynamic" for row in refused)
    half = sum(row.quantization == "float16" for row in refused)
    assert not any(tflm(rows[name]).runnable for name in HEADLINE)
    times = [
        weights_of(rows[full]).bytes / weights_of(rows[small]).bytes
        for small, full in zip(HEADLINE, RUNNABLE, strict=True)
    ]
    return (
        f"**What it recommends does not run.** {len(refused)} of the {len(rows)} models run on no "
        f"build of TFLM: {hybrid} of dynamic range and {half} of float16, among them all four of "
        f"its headline table. What runs is float32, with {min(times):.1f} to {max(times):.1f} "
        "times the bytes of weights."
    )


def _limits(rows: Rows) -> str:
    over = []
    for name, limit in zip(HEADLINE, (6 * 1024, 42 * 1024, 6 * 1024, 2.57 * 1024), strict=True):
        size = weights_of(rows[name]).bytes
        over.append(f"{_network(name)} {size:,} of {round(limit):,}")
    return (
        "**Its sizes are a little more than they say.** Read as limits of 6, 42, 6 and 2.57 KB "
        f"none of the four is kept: {', '.join(over)} bytes."
    )


def _flash(rows: Rows) -> str:
    row = rows["MotionSense/reduced_drange"]
    share = row.file_bytes / weights_of(row).bytes - 1
    use = tflm(rows["MotionSense/reduced_no_quant"])
    return (
        "**Weights are not what a device holds.** Flash takes the whole file: "
        f"{row.file_bytes:,} bytes for the {weights_of(row).bytes:,} of MotionSense reduced "
        f'({100 * share:.0f} % more), and the runtime\'s code. "About 6KB of memory" leaves out '
        f"RAM: its float32 form takes an arena of {use.min_arena_bytes:,} bytes, and neither "
        "float16 nor dynamic range makes an activation smaller."
    )


def _kilobyte(rows: Rows) -> str:
    row = rows["MotionSense/reduced_drange"]
    weights, dynamic = weights_of(row).bytes, row.dynamic_bytes or 0
    return (
        "**Two kilobytes in one row.** Weights are divided by 1,024 and shown with three digits, "
        f"sums of tensors by 1,000: of MotionSense reduced {weights:,} bytes are "
        f"{weights / 1024:.2f} and {dynamic:,} are {dynamic / 1000:.3f}, which is "
        f"{dynamic / 1024:.1f} in the KB of the weights. tflint has bytes; the workbook keeps both "
        "KBs and says which."
    )


def _other_constants(shared: Path, rows: Rows) -> str:
    said = []
    for name in ("MotionSense/reduced_no_quant", "CarSensor/reduced_no_quant"):
        model = parse_model((shared / "models" / "seed" / f"{name}.tflite").read_bytes())
        constants = [value for value in graphs(model)[0].values if value.is_constant]
        shapes = sum(v.elements for v in constants if v.type is TensorType.INT32)
        zeros = sum(v.elements for v in constants if v.data is not None and not any(v.data))
        text = f"{shapes} of the {weights_of(rows[name]).count:,} of {_network(name)} reduced"
        said.append(f"{text} and {zeros} zeros in place of biases" if zeros else text)
    return (
        "**Not all of its weights are weights.** Arguments of RESHAPE and the like count: "
        f"{'; '.join(said)}. `weights` counts them too, as in `tflint check`: the file holds them."
    )


def _sums(rows: Rows) -> str:
    arenas = {name: tflm(rows[name]).min_arena_bytes or 1 for name in RUNNABLE}
    sums = {name: rows[name].dynamic_bytes or 0 for name in RUNNABLE}
    times = {name: sums[name] / arenas[name] for name in RUNNABLE}
    least, most = min(times, key=times.__getitem__), max(times, key=times.__getitem__)
    by_sum, by_arena = (min(of, key=of.__getitem__) for of in (sums, arenas))
    assert by_sum != by_arena
    return (
        "**Its dynamic memory is no memory.** The sum counts each tensor as if none shared memory "
        f"with another. It is {times[least]:.2f} ({_network(least)}) to {times[most]:.2f} times "
        f"({_network(most)}) the arena that TFLM takes, structures of the runtime included, and "
        f"puts models in the wrong order: {_network(by_sum)} has the smallest sum, but its arena "
        f"takes {arenas[by_sum]:,} bytes, that of {_network(by_arena)} {arenas[by_arena]:,}."
    )


def _interface(rows: Rows) -> str:
    row = rows["MotionSense/reduced_drange"]
    ends = sum(t.bytes for t in row.tensors if t.is_input or t.is_output)
    return (
        "**Its list of tensors has gaps.** The analyser lists tensors without data that are "
        f"neither inputs nor outputs: {ends:,} bytes of MotionSense reduced, which TFLM has in "
        "the arena as well, are missing. `dynamic_bytes` is the sum as the original has it; "
        "`tensors` has them all."
    )


def _float16(rows: Rows) -> str:
    said = []
    for half, full in (("reduced_float16", "reduced_no_quant"), ("float16", "no_quant")):
        one, other = rows[f"MotionSense/{half}"], rows[f"MotionSense/{full}"]
        said.append(f"{one.dynamic_bytes:,} bytes instead of {other.dynamic_bytes:,}")
    return (
        "**float16 takes more memory, not less.** The KBs are those of the float16 constants, "
        "which DEQUANTIZE expands before any operator reads them. By the original's own sum "
        f"MotionSense has {said[0]} when reduced, and {said[1]} when not."
    )


def _dynamic(rows: Rows) -> str:
    row = rows["MotionSense/reduced_drange"]
    constants = [t for t in row.tensors if t.kind == "constant"]
    small = sum(t.bytes for t in constants if t.dtype == "int8")
    macs = sum(o.macs for o in row.operators)
    conv = sum(o.macs for o in row.operators if o.name == "CONV_2D")
    return (
        '**"8-bit" is not what it computes in.** Converters leave tensors of fewer than 1,024 '
        f"elements in float: {small:,} of the {weights_of(row).count:,} weights of MotionSense "
        f"reduced are int8, and its convolution, {100 * conv / macs:.0f} % of the "
        "multiply-accumulates, is float32 throughout."
    )


def _accuracy(rows: Rows) -> str:
    def said(correct: int, n: int) -> str:
        low, high = wilson_interval(correct, n)
        return f"{correct} of {n} ({100 * low:.1f} to {100 * high:.1f} %)"

    return (
        "**39 samples tell nothing apart.** MotionSense's 92.31 % are "
        f"{said(36, 39)}, the 97.436 % of the unreduced network {said(38, 39)}: with intervals of "
        "95 % that lie over each other, two samples are the difference. Those of MusicClassifier "
        "and CarSensor are of random splits of segments and windows: pieces of one song and of one "
        "ride are in both parts."
    )


def _wrong_file(rows: Rows) -> str:
    linked, meant = (
        rows[f"MotionSense/{name}"] for name in ("drange_fixed", "drange_selected_ops")
    )
    music = rows["MusicClassifier/drange"]
    return (
        "**Two figures are of other files.** The 94.8 KB beside `MotionSense/drange_fixed.tflite` "
        f"are those of `drange_selected_ops.tflite` ({weights_of(meant).bytes:,} bytes); it has "
        f"{kilobytes(weights_of(linked).bytes)}. The text on MusicClassifier links "
        f"`drange.tflite`, of {kilobytes(weights_of(music).bytes)} KB, as the model of 42 KB."
    )


def _select(rows: Rows) -> str:
    flex, built = (rows[f"MotionSense/{name}"] for name in ("drange_selected_ops", "drange_fixed"))
    one, other = tflm(flex).min_arena_bytes or 0, tflm(built).min_arena_bytes or 0
    assert flex.dynamic_bytes is not None
    assert built.dynamic_bytes is not None
    return (
        '**Select ops cost less memory than it says, and more than memory.** Not "~4x": '
        f"{flex.dynamic_bytes:,} bytes are {flex.dynamic_bytes / built.dynamic_bytes:.1f} times "
        f"{built.dynamic_bytes:,}, and an arena would be {one / other:.1f} times as large "
        f"({one:,} and {other:,}). But no microcontroller has TensorFlow to run them with; "
        "`tflint fix --unsafe` makes builtin operators of them."
    )


def _batch_norm(shared: Path, rows: Rows) -> str:
    name = "MusicClassifier/reduced_no_quant"
    maps = [t for t in rows[name].tensors if "FusedBatchNorm" in t.name and t.is_dynamic]
    before, after = (
        tflm(rows[name]).min_arena_bytes,
        _folded(shared / "models" / "seed" / f"{name}.tflite"),
    )
    return (
        "**Batch normalisation does not take the memory, its place does.** Behind the activation "
        f"converters cannot fold it: it becomes a MUL and an ADD, whose {len(maps)} results are "
        f"{_total(maps):,} bytes of MusicClassifier's sum. `tflint fix --unsafe --select TFL111` "
        f"folds it into the next convolution: the arena goes from {before:,} to {after:,} bytes."
    )


def _folded(path: Path) -> int:
    """The smallest arena of the model with its batch normalisation in the next layer."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "folded.tflite")
        subprocess.run(
            [
                *(sys.executable, "-m", "tflint", "fix", str(path), "-o", str(out)),
                *("--unsafe", "--select", "TFL111", "--isolated", "--fail-on", "never"),
            ],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            check=True,
        )
        model = parse_model(out.read_bytes())
        row = with_static_figures(BenchedModel("", 0), model, find_target("tflm"))
    return tflm(row).min_arena_bytes or 0


def _network(name: str) -> str:
    """The network of a model, without its form."""
    return name.partition("/")[0]


def _total(tensors: list[TensorRow]) -> int:
    return sum(tensor.bytes for tensor in tensors)


def tflm(row: BenchedModel) -> RuntimeUse:
    """What TFLM with reference kernels takes for a model."""
    return row.runtimes[0]


def weights_of(row: BenchedModel) -> WeightsUse:
    """The weights of a model that was read."""
    assert row.weights is not None
    return row.weights


def kilobytes(size: int) -> str:
    """Bytes as the original's analyser prints them: in KB of 1,024, with three digits."""
    return f"{size / 1024:.3g}"
