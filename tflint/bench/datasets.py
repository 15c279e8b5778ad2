"""Labelled samples in `.npz` files, and which models of a run they are for.

A file holds an array for each input, under the name of the tensor or the signature's, its first
axis counting the samples; that of a single input may be called anything. Values are real, before
quantisation. `labels` has the class of each sample (the other names in `LABEL_NAMES` will do), as
its number, as a column a class, or as a word of `classes`, which names them in the order of the
outputs. `labels_NAME` are those of one output where there are several.

`split` says what part of the data the samples are: one text for all, or one for each. Files that
keep the parts in arrays of their own (`x_train`, `y_train`, `x_test`, `y_test`) are read as well.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np

from tflint.bench.applications import application_of
from tflint.bench.labels import LABEL_NAMES, Labels, class_names, labels_of, texts_of
from tflint.errors import UsageError
from tflint.fix.proof.npy import Array, read_npz
from tflint.printable import counted, printable

# The part that counts unless another is asked for: models are not judged by what they learnt.
_TESTS = ("test", "testing")
# Asks for all parts.
ALL = "all"
SPLIT = "split"
_PARTS = ("train", "training", "test", "testing", "val", "valid", "validation", "dev", "eval")
_MAX_SHOWN = 5


@dataclass(frozen=True)
class LabelledData:
    """What a file holds. `arrays` may be inputs, all of their samples; `rows` are the numbers of
    the samples that count, and `labels` those of just these: by output, None for any. Where they
    are made from several files, `files` has their names and SHA-256.
    """

    title: str
    name: str
    sha256: str
    arrays: Mapping[str, Array]
    rows: Array
    labels: Mapping[str | None, Labels]
    classes: tuple[str, ...] = ()
    split: str | None = None
    notes: tuple[str, ...] = ()
    samples: int = 0
    files: tuple[tuple[str, str], ...] = ()
    _ranges: dict[str, tuple[float, float]] = field(default_factory=dict, compare=False, repr=False)

    @property
    def count(self) -> int:
        """How many samples count."""
        return len(self.rows)

    def range_of(self, name: str) -> tuple[float, float]:
        """The least and the greatest value of an array; NaN where it holds one."""
        if name not in self._ranges:
            array = self.arrays[name]
            with np.errstate(all="ignore"):
                self._ranges[name] = float(array.min()), float(array.max())
        return self._ranges[name]


def is_named_by(pattern: str, path: str) -> bool:
    """Whether a pattern of `--data` means the model that reports call `path`.

    It is one of `APPLICATIONS`, or a glob for the path, for its end from some folder on (its name
    alone, mostly), or for a folder that it is in. `*` crosses folders.
    """
    pattern, path = (text.replace("\\", "/").removeprefix("./") for text in (pattern, path))
    if pattern in (path, application_of(path)):
        return True
    parts = path.split("/")
    ends = ("/".join(parts[place:]) for place in range(len(parts)))
    folder = pattern.rstrip("/")
    return any(fnmatchcase(text, pattern) for text in ends) or any(
        fnmatchcase(part, folder) for part in parts[:-1]
    )


def load_dataset(path: Path, split: str | None) -> LabelledData:
    """The samples of a file, of which the part `split` counts.

    Raises `UsageError` with one line that says what is wrong with them.
    """
    title = f"`{printable(str(path), 400)}`"
    if path.suffix.lower() != ".npz":
        raise UsageError(f"{title} is no .npz file, which holds inputs and `labels`")
    arrays = read_npz(path, takes_texts=True)
    arrays, part, notes = _of_part(arrays, split, title)
    key, classes = class_names(arrays, title)
    rest = {name: array for name, array in arrays.items() if name != key}
    found = _label_arrays(rest, title)
    if not found:
        held = ", ".join(f"`{printable(name)}`" for name in list(rest)[:_MAX_SHOWN]) or "nothing"
        raise UsageError(f"{title} holds no `labels`, but {held}")
    labels = {
        output: labels_of(rest.pop(name), f"`{printable(name)}` in {title}", classes)
        for output, name in found.items()
    }
    counts = {len(one.classes) for one in labels.values()}
    if len(counts) > 1:
        raise UsageError(f"{title} does not have as many labels for each output")
    (samples,) = counts
    rows = np.arange(samples)
    if part is None and SPLIT in rest:
        rows, part, notes = _rows_of(rest.pop(SPLIT), samples, split, title)
    elif part is None and split not in (None, ALL):
        raise UsageError(f"{title} names no parts, of which `{printable(split or '')}` is to count")
    return LabelledData(
        title=title,
        name=printable(path.name),
        sha256=_sha256(path, title),
        arrays=rest,
        rows=rows,
        labels={output: one.chosen(rows) for output, one in labels.items()},
        classes=classes,
        split=None if part is None else printable(part),
        notes=notes,
        samples=samples,
    )


def _label_arrays(arrays: Mapping[str, Array], title: str) -> dict[str | None, str]:
    """Which arrays are labels, by the output that they are for."""
    found: dict[str | None, str] = {}
    prefix = f"{LABEL_NAMES[0]}_"
    for name in arrays:
        if name.startswith(prefix) and len(name) > len(prefix):
            found[name.removeprefix(prefix)] = name
    by_letters: dict[str, list[str]] = {}
    for name in arrays:
        by_letters.setdefault(name.lower(), []).append(name)
    usual = [name for key in LABEL_NAMES for name in by_letters.get(key, ())]
    if usual and usual[0] != LABEL_NAMES[0]:
        other = next((o for o in usual[1:] if not _is_same(arrays[o], arrays[usual[0]])), None)
        if other is not None:
            raise UsageError(
                f"{title} has `{printable(usual[0])}` and `{printable(other)}`, which differ: call"
                " the labels `labels`"
            )
    if usual:
        found[None] = usual[0]
    return found


def _is_same(one: Array, other: Array) -> bool:
    return one.dtype == other.dtype and np.array_equal(one, other)


def _of_part(
    arrays: dict[str, Array], split: str | None, title: str
) -> tuple[dict[str, Array], str | None, tuple[str, ...]]:
    """The arrays of one part where they are named for parts, as in `x_test` and `y_test`."""
    ends = (name.lower().rpartition("_") for name in arrays)
    parts = sorted({part for stem, _, part in ends if stem in LABEL_NAMES and part in _PARTS})
    if not parts:
        return arrays, None, ()
    chosen = _chosen(parts, split, title)
    if chosen is None:
        if len(parts) > 1:
            raise UsageError(
                f"{title} keeps its parts apart: say with --split which of {_listed(parts)} counts"
            )
        chosen = parts[0]
    kept: dict[str, Array] = {}
    for name, array in arrays.items():
        stem, _, part = name.rpartition("_")
        if part.lower() not in parts:
            kept[name] = array
        elif part.lower() == chosen:
            kept[stem] = array
    notes: tuple[str, ...] = ()
    if split is None and len(parts) > 1:
        notes = (f"of the samples the part `{chosen}` counts: --split NAME takes another",)
    return kept, chosen, notes


def _rows_of(
    array: Array, samples: int, split: str | None, title: str
) -> tuple[Array, str | None, tuple[str, ...]]:
    """The samples that count, what part of the data they are, and what to say about it."""
    if array.size not in (1, samples) or array.ndim > 1:
        raise UsageError(
            f"`{SPLIT}` in {title} has {counted(array.size, 'value')} for"
            f" {counted(samples, 'sample')}"
        )
    names, places = texts_of(array, f"`{SPLIT}` in {title}")
    chosen = _chosen(names, split, title)
    if chosen is None:
        if len(names) == 1:
            return np.arange(samples), names[0], ()
        notes = (f"samples of all parts count: {_listed(names)}",) if split is None else ()
        return np.arange(samples), None, notes
    if array.size == 1:
        return np.arange(samples), chosen, ()
    rows = np.flatnonzero(places == names.index(chosen))
    if split is None and len(rows) < samples:
        return (
            rows,
            chosen,
            (
                f"{len(rows):,} of {counted(samples, 'sample')} count, those of the part"
                f" `{printable(chosen, 40)}`: --split {ALL} takes all",
            ),
        )
    return rows, chosen, ()


def _chosen(names: Sequence[str], split: str | None, title: str) -> str | None:
    """The part that counts; None for all of them, or where nothing says which."""
    wanted = _TESTS if split is None else (split,)
    for one in wanted:
        if one in names:
            return one
        alike = [name for name in names if name.casefold() == one.casefold()]
        if len(alike) == 1:
            return alike[0]
    if split is None or split == ALL:
        return None
    raise UsageError(f"{title} has no part `{printable(split)}`, but {_listed(names)}")


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(f"`{printable(name, 40)}`" for name in names[:_MAX_SHOWN])
    return f"{shown}..." if len(names) > _MAX_SHOWN else shown


def _sha256(path: Path, title: str) -> str:
    digest = hashlib.sha256()
    try:
        with open(path, "rb") as stream:
            while part := stream.read(1 << 20):
                digest.update(part)
    except OSError as error:
        raise UsageError(f"{title} cannot be read: {error.strerror or error}") from error
    return digest.hexdigest()
