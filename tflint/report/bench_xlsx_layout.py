"""Where everything is in the workbook: sheets, blocks of models, rows of the lists."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tflint.printable import printable
from tflint.report.bench_result import QUANTIZATIONS, BenchedModel, BenchReport, TensorRow
from tflint.report.bench_xlsx_book import line_count
from tflint.report.bench_xlsx_notes import (
    application_title,
    is_same_network,
    notes,
    quantisation_title,
    select_operators,
)
from tflint.report.wording import MAX_PATH

HEADER_ROWS = 2
# A block with more tensors has the others in one row; a sheet with more blocks goes on on another.
# Together they keep a sheet below the rows that the format has.
MOST_LISTED = 4_000
MOST_BLOCKS = 200
# From here on models without an application share sheets.
MOST_SHEETS = 200
# Characters of a line, which the rows of a block are counted with.
PATH_WIDTH, NOTES_WIDTH = 42, 56
MOST_LINES = 400


@dataclass(frozen=True, slots=True)
class Block:
    """A model on its sheet, from the row `top` on. `place` is its place in the report."""

    place: int
    model: BenchedModel
    title: str
    path: str
    notes: str
    top: int
    rows: int
    listed: tuple[TensorRow, ...]
    others: int
    other_bytes: int

    @property
    def last(self) -> int:
        """Its last row."""
        return self.top + self.rows - 1

    @property
    def last_listed(self) -> int:
        """The last row with a tensor's size, or the one that sums up those not listed."""
        return self.top + max(len(self.listed) + bool(self.others), 1) - 1


@dataclass(frozen=True, slots=True)
class Group:
    """A sheet: an application, or a model that is of none."""

    name: str
    blocks: tuple[Block, ...]


def groups(report: BenchReport) -> list[Group]:
    """The sheets in the order in which their first model was measured."""
    by_name: dict[tuple[str, int], list[int]] = {}
    alone = 0
    for place, model in enumerate(report.models):
        if model.application is not None:
            key = (application_title(model.application), 0)
        elif alone < MOST_SHEETS:
            key = (_stem(model.path), place + 1)
            alone += 1
        else:
            key = ("Further models", 0)
        by_name.setdefault(key, []).append(place)
    made = []
    for (name, _), places in by_name.items():
        ordered = _ordered(places, report.models)
        for start in range(0, len(ordered), MOST_BLOCKS):
            part = ordered[start : start + MOST_BLOCKS]
            made.append(Group(name, _blocks(part, report.models)))
    return made


def _blocks(places: Sequence[int], models: Sequence[BenchedModel]) -> tuple[Block, ...]:
    among = [models[place] for place in places]
    top, made = HEADER_ROWS, []
    for place in places:
        model = models[place]
        dynamic = [tensor for tensor in model.tensors if tensor.is_dynamic]
        listed, others = tuple(dynamic[:MOST_LISTED]), dynamic[MOST_LISTED:]
        said = "\n".join(notes(model, among))
        path = printable(model.path, MAX_PATH)
        rows = max(
            len(listed) + bool(others),
            len(model.runtimes),
            min(line_count(said, NOTES_WIDTH - 2), MOST_LINES),
            1 + line_count(path, PATH_WIDTH - 2),
        )
        made.append(
            Block(
                place=place,
                model=model,
                title=quantisation_title(model),
                path=path,
                notes=said,
                top=top,
                rows=rows,
                listed=listed,
                others=len(others),
                other_bytes=sum(tensor.bytes for tensor in others),
            )
        )
        top += rows
    return tuple(made)


def _ordered(places: Sequence[int], models: Sequence[BenchedModel]) -> list[int]:
    """Network by network, the larger first, each in the order of quantisations."""
    known = [place for place in places if models[place].weights is not None]
    known.sort(key=lambda place: -_weights(models[place]))
    networks: list[list[int]] = []
    for place in known:
        if networks and is_same_network(models[networks[-1][0]], models[place]):
            networks[-1].append(place)
        else:
            networks.append([place])
    ordered = [
        place
        for network in networks
        for place in sorted(network, key=lambda place: (_rank(models[place]), place))
    ]
    return ordered + [place for place in places if models[place].weights is None]


def _weights(model: BenchedModel) -> int:
    return model.weights.count if model.weights else 0


def _rank(model: BenchedModel) -> tuple[int, bool]:
    quantisation = model.quantization
    known = quantisation in QUANTIZATIONS
    rank = QUANTIZATIONS.index(quantisation) if quantisation and known else len(QUANTIZATIONS)
    return rank, not select_operators(model)


def _basename(path: str) -> str:
    return re.split(r"[/\\]", path)[-1]


def _stem(path: str) -> str:
    return re.sub(r"\.tflite$", "", _basename(path), flags=re.IGNORECASE) or "Model"
