"""`docs/recurrent-networks.md`, from what was measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FACTS = Path(__file__).parent / "facts.json"
PAGE = Path(__file__).parents[2] / "docs" / "recurrent-networks.md"
FRAMEWORKS = {"keras 3": "Keras 3", "tf-keras 2": "tf-keras"}

_TEXT = """\
# Recurrent networks

What becomes of recurrent Keras layers on the way to a microcontroller, measured by
`scripts/record_recurrence.py` ({date}; {versions}):
{steps} steps of {features} features, {units} units, random weights. File and arena are those behind
the passes that change no bit, in bytes, the arena that of TFLM on a Cortex-M4. The error is the
largest on TFLM, as a share of the range of the output.

**In short.** An LSTM is best fused: one `UNIDIRECTIONAL_SEQUENCE_LSTM`, which has integer kernels.
[`tflint fix --reconvert`](converting.md#reconverting) makes it, for Keras 3 and tf-keras alike. All
others are best left loops in floats, unless TFLM refuses the loop; for int8 they have to be
unrolled, which takes more flash and RAM than the float loop does. A mask keeps a network off TFLM.

## As they convert

With a batch of 1. A *loop* is `WHILE` with two more subgraphs, for which there are no integers:
tflint's quantiser refuses them, and TensorFlow's crashes the process that calibrates one.

{as_is}

## With an open batch

The converter lowers tensor lists only where the batch is known; otherwise, and with
`_experimental_lower_tensor_list_ops = False`, they stay, and no microcontroller has an operator for
them. `tflint convert` sets a batch of 1 unless told otherwise. A SavedModel of Keras 3 has its
batch in the graph: the archive is what to convert.

{open_batch}

## Rebuilt

By `tflint fix --reconvert`; in int8 with `--calibrate`. Integers of the fused LSTM are made by
TensorFlow's quantiser, all others by tflint's own.

{rebuilt}

- **The operator keeps its state.** After one `Invoke()` a fused LSTM goes on from where it was:
  call `Reset()` of TFLM's interpreter before each sequence (`reset_all_variables()` in LiteRT). For
  `stateful=True` that is what is wanted.
- **16 bits** (`--quantize int16x8`): TensorFlow's quantiser has none for the fused LSTM, so that
  it is unrolled.
- **The state's scale.** In a `Bidirectional` TensorFlow's quantiser gives the LSTM's output the
  scale of the `CONCATENATION` behind it and leaves the hidden state on its own, though kernels
  write both as one: 26 dB in place of 48 in one network. tflint sets both to one scale.
- **Fused** is an LSTM of tanh and sigmoid that begins at zero and gives its cell's state to nobody;
  of stacked cells in `RNN` too.
- **TimeDistributed** of Keras 3 makes operators of its layer for each step; `--reconvert` makes the
  steps a batch, as tf-keras does. **RepeatVector** becomes PACK, as TFLM has no TILE.
- **Not unrolled** are stateful layers other than LSTMs, more than {most} steps, and what has a
  mask.
"""


def page() -> str:
    """The whole page."""
    from tflint.convert.tensorflow.recurrence import MOST_STEPS

    facts = json.loads(FACTS.read_text(encoding="utf-8"))
    networks: dict[str, Any] = facts["networks"]
    return _TEXT.format(
        date=facts["date"],
        versions=", ".join(f"{name} {version}" for name, version in facts["versions"].items()),
        steps=facts["steps"],
        features=facts["features"],
        units=facts["units"],
        most=MOST_STEPS,
        as_is=_table(networks, "batch 1", ("comes out as", "file", "arena", "on TFLM"), _as_is),
        open_batch=_open(networks),
        rebuilt=_rebuilt(networks),
    )


def form(row: dict[str, Any], *, counts: bool = True) -> str:
    """How the recurrence is carried out, in a word or two."""
    if "fails" in row:
        return "fails"
    operators = row["operators"]
    flex = sorted(name for name in operators if name.startswith("Flex"))
    if flex:
        return "needs " + ", ".join(f"`{name}`" for name in flex)
    if "UNIDIRECTIONAL_SEQUENCE_LSTM" in operators:
        return "fused" + (", and a loop" if "WHILE" in operators else "")
    if "WHILE" in operators:
        keeps = ", with variables" if "ASSIGN_VARIABLE" in operators else ""
        return "loop" + keeps
    count = sum(operators.values())
    if not counts:
        return "builtin operators, without a loop"
    return f"{count} operators" if count > 1 else "1 operator"


def _as_is(row: dict[str, Any]) -> list[str]:
    if "fails" in row:
        return ["fails", "", "", ""]
    return [form(row), f"{row['bytes']:,}", _arena(row), _on_tflm(row)]


def _open(networks: dict[str, Any]) -> str:
    """What each comes out as, those that come out alike together."""
    alike: dict[str, list[str]] = {}
    for name, found in networks.items():
        for framework, title in FRAMEWORKS.items():
            row = found[framework].get("batch open")
            if row is not None:
                alike.setdefault(form(row, counts=False), []).append(f"{name} ({title})")
    lines = ["| comes out as | networks |", "|---|---|"]
    for text, names in alike.items():
        both: dict[str, list[str]] = {}
        for each in names:
            name, _, title = each.rpartition(" (")
            both.setdefault(name, []).append(title.rstrip(")"))
        shown = [
            name if len(titles) > 1 else f"{name} ({titles[0]})" for name, titles in both.items()
        ]
        lines.append(f"| {text} | {' · '.join(shown)} |")
    return "\n".join(lines)


def _arena(row: dict[str, Any]) -> str:
    return f"{row['arena']:,}" if row.get("arena") is not None else "unknown"


def _on_tflm(row: dict[str, Any]) -> str:
    found = row.get("tflm")
    if isinstance(found, str):
        lacking = found.partition("builtin opcode '")[2].partition("'")[0]
        return f"no `{lacking}`" if lacking else "refused"
    return "runs" if found is not None else ""


def _table(networks: dict[str, Any], key: str, titles: tuple[str, ...], cells: Any) -> str:
    head = [f"{name}: {titles[0]}" for name in FRAMEWORKS.values()]
    columns = [column for name in head for column in (name, *titles[1:])]
    lines = ["| network | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for name, found in networks.items():
        rows = [found[framework].get(key) for framework in FRAMEWORKS]
        if not any(rows):
            continue
        texts = [text for row in rows for text in (cells(row) if row else [""] * len(titles))]
        lines.append(f"| {name} | " + " | ".join(texts) + " |")
    return "\n".join(lines)


def _rebuilt(networks: dict[str, Any]) -> str:
    titles = [
        "network, in Keras 3",
        "in float",
        "file",
        "arena",
        "for int8",
        "file",
        "arena",
        "error",
    ]
    lines = ["| " + " | ".join(titles) + " |", "|---" * len(titles) + "|"]
    for name, found in networks.items():
        rows = found["keras 3"]
        integers = rows.get("rebuilt for int8")
        if integers is None:
            continue
        floats = rows.get("rebuilt") or rows["batch 1"]
        texts = [form(floats), *_sizes(floats), form(integers), *_sizes(integers)]
        off = integers.get("tflm")
        texts.append(f"{100 * off:.2g} %" if isinstance(off, float) else "")
        lines.append(f"| {name} | " + " | ".join(texts) + " |")
    return "\n".join(lines)


def _sizes(row: dict[str, Any]) -> list[str]:
    return ["", ""] if "fails" in row else [f"{row['bytes']:,}", _arena(row)]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
