"""What is known of a reference model beside what its file tells: what it is for, what the original
project published of its own, and what was recorded when it was trained.

Sizes are bytes unless named otherwise, accuracies parts of 1.
"""

from __future__ import annotations

from dataclasses import dataclass

from tflint.report.accuracy_result import Accuracy


@dataclass(frozen=True, slots=True)
class PublishedFigures:
    """What the original's own tables say of its network: the form that it is stored in, its
    weights in KB of 1,024 bytes, the accuracy where there is one, and what that was measured on.
    """

    form: str
    kilobytes: float
    accuracy: float | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Baseline:
    """The original's network, trained and tested on the same recordings in the same way, in the
    same form: bytes of its weights, the smallest arena of TFLM with reference kernels, None where
    that does not run it or nobody computed it, and its accuracy as it was recorded.
    """

    weight_bytes: int
    accuracy: Accuracy
    min_arena_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Reference:
    """What a reference model is for, and what it is held against.

    `split` says how the recordings were parted. `further` are other tests by name, such as words
    that were never trained on, as they were recorded.
    """

    application: str
    title: str
    summary: str
    form: str
    split: str = ""
    published: PublishedFigures | None = None
    baseline: Baseline | None = None
    further: tuple[tuple[str, Accuracy], ...] = ()
