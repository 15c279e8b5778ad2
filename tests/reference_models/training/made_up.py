"""Results of trainings that never were."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tflint_reference_models.application import (
    CHOSEN,
    ORIGINAL,
    Application,
    Experiment,
    Goal,
    Measure,
    Published,
    Recipe,
    Task,
    Trained,
)
from tflint_reference_models.data_folder import Source
from tflint_reference_models.training.counts import Counts, Group
from tflint_reference_models.training.figures import Figures, Found, Use
from tflint_reference_models.training.results import (
    CurvePoint,
    FormResult,
    Refused,
    Repeat,
    Result,
    Sizes,
)

USES = (
    Use("tflm-cmsis-nn", None, 5000, 5100, 6800, 70000),
    Use("tflm", None, 4000, 4096, 5900, 40000),
)
FIGURES = Figures(
    7000,
    3000,
    3100,
    250_000,
    (("CONV_2D", 2), ("FULLY_CONNECTED", 1), ("SOFTMAX", 1)),
    USES,
    (Found("TFL309", "info", 1, "SOFTMAX ends the model"),),
)
TEST = Counts(
    ((90, 10), (5, 95)),
    (
        Group("4", ((0, 50, 50), (1, 50, 50))),
        Group("12", ((0, 50, 40), (1, 50, 45))),
    ),
    "subject",
)
INT8 = FormResult(
    "int8", FIGURES, TEST, {"words never heard": Counts(((97, 3), (0, 0)))}, {"5 windows": TEST}
)
FLOAT = FormResult(
    "float32",
    replace(FIGURES, weight_bytes=12_000, file_bytes=14_000),
    TEST.without_groups(),
    {"words never heard": Counts(((98, 2), (0, 0)))},
    {"5 windows": TEST.without_groups()},
)
DYNAMIC = FormResult(
    "dynamic",
    replace(
        FIGURES,
        uses=(replace(USES[0], refusal='no hybrid kernels ("x || y")'),),
        found=(Found("TFL106", "error", 2, "no hybrid kernels"),),
    ),
    TEST.without_groups(),
)
OURS = Result(
    experiment="subject",
    network=CHOSEN,
    classes=("other", "on"),
    folds=1,
    seed=0,
    epochs=10,
    parameters=3200,
    thresholds=(0.625,),
    sizes=Sizes(1000, 100, 200),
    forms=(FLOAT, DYNAMIC, INT8),
    date="2026-11-23",
    version="0.1.0",
    code_sha256="c0de" * 16,
    data_sha256=(("recordings.npz", "da7a" * 16),),
    versions=(("keras", "3.15.1"), ("tensorflow", "2.21.0")),
    repeats=(Repeat(1, TEST.without_groups()),),
)
BASELINE = replace(
    OURS,
    network=ORIGINAL,
    forms=(
        replace(
            INT8, figures=replace(FIGURES, weight_bytes=6180), test=Counts(((85, 15), (9, 91)))
        ),
    ),
    refused=(Refused("float16", "the outputs differ by 0.3"),),
    repeats=(),
)
AT_RANDOM = replace(OURS, experiment="random", forms=(INT8,), notes=("trained for 3 epochs",))
CURVE = replace(
    OURS,
    experiment="curve",
    folds=2,
    forms=(INT8,),
    curve=(CurvePoint(0.5, 6, 500, BASELINE.forms[0].test), CurvePoint(1.0, 12, 1000, TEST)),
    repeats=(),
)
RESULTS = (OURS, BASELINE, AT_RANDOM, CURVE)


def _no_task(folder: Path, fold: int, seed: int) -> Task:
    raise AssertionError("nothing is trained")


def _no_network() -> None:
    raise AssertionError("nothing is built")


TRAINED = Trained(_no_network, Recipe(10), _no_task)  # type: ignore[arg-type]
BOTH = {CHOSEN: TRAINED, ORIGINAL: TRAINED}
APPLICATION = Application(
    "keyword_spotting",
    "KeywordSpotting",
    'The word "on" among others.',
    (Source("Words", "P. Warden", "CC BY 4.0", "Public"),),
    6144,
    (Published("dynamic", 6.01, 98.21, "a random split"),),
    (
        Experiment("subject", "by subject", True, BOTH),
        Experiment("random", "at random", False, {CHOSEN: TRAINED}),
        Experiment("curve", "by subject", True, {CHOSEN: TRAINED}),
    ),
    (("Data", "Left out is what leaks."), ("Limits", "One microphone.")),
    (
        Goal("subject", Measure.RECALL, 0.85, "a support vector machine has 60 %"),
        Goal("subject", Measure.FALSE_ACCEPTS, 0.05, "as a device has to be", "words never heard"),
    ),
)
