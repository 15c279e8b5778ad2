"""The tables of the guide, a function each, from what was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from guide import networks
from guide.markdown import table
from guide.networks import (
    DYNAMIC,
    FIXED,
    FLOAT,
    FLOAT16,
    FLOAT_IO,
    INT8,
    INT16,
    RECONVERTED,
    SELECT,
    TENSORFLOW,
    TENSORFLOW_FLOAT,
)
from tflint.memory.flash import runtime_code
from tflint.memory.static_ram import static_ram

Facts = Mapping[str, Any]

# The file, and TFLM's code for its kernels.
_FLASH = "file and code"


class Figures:
    """The figures of networks, by name and form."""

    def __init__(self, held: Facts) -> None:
        self._held = held

    def row(self, name: str, form: str = INT8) -> Facts:
        """All of one. Raises `KeyError` for what was not measured."""
        row: Facts = self._held[name][form]
        return row

    def of(self, text: str) -> int:
        """One of them: `arena|network` of its int8 form, or `arena|network|form`."""
        key, name, *form = text.split("|")
        return int(self.row(name, *form)[key])


def _figures(row: Facts, *keys: str) -> list[str]:
    return [f"{row[key]:,}" for key in keys]


FIRST = {
    "original": "32 filters, pools of 2, 2, 2",
    "stride": "32 filters with a stride of 2, pools of 2, 2",
    "small input": "32 filters, pools of 2, 2, the input scaled to 16 x 16",
    "late pools": "8, 16, 32 filters, pools of 2, 2, 2 behind the last",
    "growing": "8, 16, 32 filters, a pool behind each",
    "growing, stride": "the same, the first with a stride in place of its pool",
    "growing, stride, separable": "the same, the second and the third separable",
}


def networks_table(figures: Figures, names: Mapping[str, str]) -> str:
    rows = [
        [title, *_figures(figures.row(name), "weights", "macs", "arena")]
        for name, title in names.items()
    ]
    return table(["blocks", "weights", "MACs", "arena"], rows)


def widths_table(figures: Figures) -> str:
    rows = [
        [str(filters), *_figures(figures.row(f"first {filters}"), "weights", "macs", "arena")]
        for filters in networks.WIDTHS
    ]
    return table(["filters of the first block", "weights", "MACs", "arena"], rows, 0)


def separable_table(figures: Figures) -> str:
    rows = []
    for filters in networks.WIDTHS:
        full, parted = (
            figures.row(name) for name in (f"first {filters}", f"first {filters}, separable")
        )
        cells = [
            f"{before} → {after}"
            for before, after in zip(
                _figures(full, "weights", "macs", "arena"),
                _figures(parted, "weights", "macs", "arena"),
                strict=True,
            )
        ]
        rows.append([f"{filters} to 32 channels", *cells])
    return table(["second block", "weights", "MACs", "arena"], rows)


def sizes_table(figures: Figures) -> str:
    rows = [
        [f"{size} x {size}", *_figures(figures.row(f"input {size}"), "weights", "macs", "arena")]
        for size in networks.SIZES
    ]
    return table(["input", "weights", "MACs", "arena"], rows)


def counts_table(figures: Figures) -> str:
    rows = []
    for n, m, pools in networks.COUNTS:
        row = figures.row(networks.count_name(n, m, pools))
        shown = ", ".join(map(str, pools))
        rows.append([str(n), shown, str(m), *_figures(row, "weights", "macs", "arena", "file")])
    return table(["N", "P", "M", "weights", "MACs", "arena", "file"], rows, 3)


HEADS = {
    "flatten": "Flatten",
    "average": "global average",
    "max": "global maximum",
    "both": "both, one behind the other",
}


def heads_table(figures: Figures) -> str:
    rows = [
        [title, *_figures(figures.row(f"head {name}"), "weights", "arena", "file", "flash")]
        for name, title in HEADS.items()
    ]
    return table(["", "weights", "arena", "file", _FLASH], rows)


FORMS = {
    FLOAT: "float32",
    FLOAT16: "float16",
    DYNAMIC: "dynamic range",
    INT8: "int8",
    INT16: "int16x8",
    FLOAT_IO: "int8, float32 at both ends, by TensorFlow's converter",
    FIXED: "the same, by `tflint fix --unsafe`",
}


def forms_table(figures: Figures) -> str:
    rows = []
    for form, title in FORMS.items():
        row = figures.row("growing", form)
        runs = "no" if row["refusal"] else "runs"
        arena = f"({row['arena']:,})" if row["refusal"] else f"{row['arena']:,}"
        rows.append(
            [title, runs, *_figures(row, "weights", "file"), arena, f"{len(row['operators'])}"]
        )
    return table(["form", "on TFLM", "weights", "file", "arena", "operators"], rows, 2)


_BY_TENSORFLOW = "int8, TensorFlow alone"
_BY_TFLINT = "int8, `tflint convert`"
LAYOUTS = (
    ("channels_first", TENSORFLOW_FLOAT, "channels first: float32, TensorFlow alone"),
    ("channels_first", TENSORFLOW, f"channels first: {_BY_TENSORFLOW}"),
    ("channels_first", INT8, f"channels first: {_BY_TFLINT}"),
    ("channels_first", RECONVERTED, "channels first: int8, `tflint fix --reconvert`"),
    ("channels_last", TENSORFLOW, f"channels last: {_BY_TENSORFLOW}"),
    ("channels_last", INT8, f"channels last: {_BY_TFLINT}"),
)
MIXED = (
    ("mixed", TENSORFLOW_FLOAT, "as it was: float32, TensorFlow alone"),
    ("mixed", TENSORFLOW, f"as it was: {_BY_TENSORFLOW}"),
    ("mixed", INT8, f"as it was: {_BY_TFLINT}"),
    ("mixed", RECONVERTED, "as it was: int8, `tflint fix --reconvert`"),
    ("mixed, channels_last", INT8, f"all channels last: {_BY_TFLINT}"),
)
NORMS = (
    ("norm none", TENSORFLOW, f"no norm: {_BY_TENSORFLOW}"),
    ("norm before", TENSORFLOW, f"norm, then ReLU: {_BY_TENSORFLOW}"),
    ("norm after", TENSORFLOW, f"ReLU, then norm: {_BY_TENSORFLOW}"),
    ("norm before", INT8, f"norm, then ReLU: {_BY_TFLINT}"),
    ("norm after", INT8, f"ReLU, then norm: {_BY_TFLINT}"),
)
SIGNALS = (
    ("1-D", TENSORFLOW, f"Conv1D: {_BY_TENSORFLOW}"),
    ("1-D", INT8, f"Conv1D: {_BY_TFLINT}"),
    ("1-D as an image", TENSORFLOW, f"Conv2D of (100, 1, 3): {_BY_TENSORFLOW}"),
    ("1-D as an image", INT8, f"Conv2D of (100, 1, 3): {_BY_TFLINT}"),
)
COPIES = (
    ("copy none", INT8, "two padded convolutions"),
    ("copy zero padding", INT8, "`ZeroPadding2D` in place of the first padding"),
    ("copy rescaling", TENSORFLOW, f"`Rescaling` in front: {_BY_TENSORFLOW}"),
    ("copy rescaling", INT8, f"`Rescaling` in front: {_BY_TFLINT}"),
    ("copy concatenated", INT8, "the second as two halves, concatenated"),
    ("copy residual", INT8, "a third, added to the second"),
)
# What any of these networks computes with; the others are what the form brought.
_PLAIN = frozenset(
    (
        "CONV_2D",
        "MAX_POOL_2D",
        "MEAN",
        "REDUCE_MAX",
        "FULLY_CONNECTED",
        "SOFTMAX",
        "LOGISTIC",
    )
)


def converted_table(figures: Figures, rows: Sequence[tuple[str, str, str]]) -> str:
    found = []
    for name, form, title in rows:
        row = figures.row(name, form)
        if "fails" in row:
            found.append([title, "does not convert", *[""] * 4])
            continue
        operators = row["operators"]
        others = ", ".join(
            f"{operators.count(each)} x {each}" if operators.count(each) > 1 else each
            for each in dict.fromkeys(operators)
            if each not in _PLAIN
        )
        sizes = _figures(row, "weights", "file", "arena", "flash")
        found.append([title, others or "none", *sizes])
    titles = ["", "operators beside the layers' own", "weights", "file", "arena", _FLASH]
    return table(titles, found, 2)


ACTIVATIONS = {
    "relu": "ReLU",
    "relu6": "ReLU6",
    "leaky_relu": "LeakyReLU",
    "hard_swish": "hard swish",
    "sigmoid": "sigmoid",
    "tanh": "tanh",
    "elu": "ELU",
    "gelu": "GELU",
}


def activations_table(figures: Figures) -> str:
    rows = []
    for name in networks.ACTIVATIONS:
        row = figures.row(f"activation {name}")
        title = ACTIVATIONS[name]
        if "fails" in row:
            rows.append([title, "no int8", "", "", "", ""])
            continue
        more = [each for each in row["operators"] if each not in _PLAIN]
        more += ["LOGISTIC"] * row["operators"].count("LOGISTIC")
        kinds = ", ".join(dict.fromkeys(more)) or "none"
        runs = "no" if row["refusal"] else "runs"
        rows.append([title, kinds, runs, *_figures(row, "file", "arena", "flash")])
    titles = ["activation", "more operators", "on TFLM", "file", "arena", _FLASH]
    return table(titles, rows, 3)


def tails_table(figures: Figures) -> str:
    names = {"softmax": "softmax of 3", "logits": "3 logits", "sigmoid": "sigmoid of 1"}
    rows = [
        [title, *_figures(figures.row(name), "file", "arena", "flash")]
        for name, title in names.items()
    ]
    return table(["the network ends in", "file", "arena", _FLASH], rows)


BASE = ("CONV_2D", "MAX_POOL_2D", "FULLY_CONNECTED")
KERNELS = (
    "RESHAPE",
    "DEPTHWISE_CONV_2D",
    "AVERAGE_POOL_2D",
    "MEAN",
    "REDUCE_MAX",
    "CONCATENATION",
    "SOFTMAX",
    "LOGISTIC",
    "TANH",
    "ADD",
    "MUL",
    "PAD",
    "TRANSPOSE",
    "QUANTIZE",
    "STRIDED_SLICE",
    "UNIDIRECTIONAL_SEQUENCE_LSTM",
)


def code(more: Sequence[str], runtime: str = "tflm") -> int:
    """TFLM's code for the base and more operators on a Cortex-M4, in bytes."""
    return runtime_code((*BASE, *more), runtime, "cortex-m4").bytes


def resolver_entry() -> int:
    """What one kind more takes of RAM, in bytes."""
    more, fewer = (
        static_ram(operators, "tflm", "cortex-m").resolver for operators in (BASE, BASE[:-1])
    )
    return more - fewer


def kernels_table() -> str:
    rows = [
        [
            f"{one}",
            *(
                f"{code((one,), runtime) - code((), runtime):,}"
                for runtime in ("tflm", "tflm-cmsis-nn")
            ),
        ]
        for one in KERNELS
    ]
    return table(["one kind more", "reference kernels", "CMSIS-NN"], rows)


def select_table(figures: Figures) -> str:
    shown = (
        ("bicubic", SELECT, "bicubic, in the network"),
        ("bilinear", INT8, "bilinear, in the network"),
        ("no resizing", INT8, "before the network"),
    )
    rows = []
    for name, form, title in shown:
        row = figures.row(name, form)
        others = [each for each in row["operators"] if "Flex" in each or "RESIZE" in each]
        runs = "no" if row["refusal"] else "runs"
        arena = "" if row["refusal"] else f"{row['arena']:,}"
        kind = "float32" if form == SELECT else "int8"
        rows.append([title, ", ".join(others) or "none", kind, runs, arena])
    return table(["scaled", "operator", "form", "on TFLM", "arena"], rows, 4)
