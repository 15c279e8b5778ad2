"""What is given to code that is not known, and may be something else afterwards."""

from __future__ import annotations

from typing import Final

from tflint.source.containers import closed, replace_items
from tflint.source.machine import Machine
from tflint.source.objects import (
    NONE,
    OTHER_KEYS,
    ConverterThing,
    DictThing,
    Items,
    SequenceThing,
    SequentialThing,
    options,
)
from tflint.source.store import MISSING, Store, Thing

# The key under which a converter or model remembers that it was given to such code.
HANDED_OVER: Final = ("handed over",)
# Packages whose functions change nothing that they are given, as far as networks go.
_HARMLESS: Final = frozenset(
    (
        "IPython",
        "builtins",
        "collections",
        "copy",
        "cv2",
        "datetime",
        "json",
        "keras",
        "logging",
        "math",
        "matplotlib",
        "numpy",
        "operator",
        "os",
        "pandas",
        "pathlib",
        "pickle",
        "pprint",
        "scipy",
        "seaborn",
        "sklearn",
        "sys",
        "tensorflow",
        "time",
        "tqdm",
        "typing",
        "warnings",
    )
)


def hand_over(machine: Machine, thing: Thing, path: str | None = None) -> None:
    """Something is given to what `path` names (None: nothing known): it may be changed there."""
    if path is not None and path.partition(".")[0] in _HARMLESS:
        return
    for option in options(thing):
        if isinstance(option, ConverterThing | SequentialThing):
            machine.journal.write(option.store, HANDED_OVER, NONE)
        elif isinstance(option, SequenceThing) and option.kind == "list":
            known = closed(option)
            replace_items(machine, option, Items(known.values, is_open=True))
        elif isinstance(option, DictThing):
            machine.journal.write(option.store, OTHER_KEYS, NONE)


def was_handed_over(store: Store) -> bool:
    """Whether code that is not known may have changed a converter or model."""
    return store.content.get(HANDED_OVER, MISSING) is not MISSING
