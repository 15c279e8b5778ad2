"""How to write with builtin operators what TFLite has no operator for: the table and its look-up.

The entries of `builtin_ways.toml` come first to last, so that special ones stand before general
ones. The tests run every example of the table through TensorFlow.
"""

from __future__ import annotations

import functools
import importlib.resources
import re
import sys
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from tflint.convert.request import Fault, Needed, Network, Place

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

# What TensorFlow and Keras write where a shape or type is no float32 of builtin operators.
_GENERAL = (
    "compute the same from operators that TFLite has (arithmetic, matmul, convolution, gather, "
    "slicing, reductions), or take the layer out of the network and do its work in the "
    "application, before or behind the model"
)


@dataclass(frozen=True, slots=True)
class Example:
    """One case that the tests run: `before` needs the operator, `after` needs builtins alone.

    Both are expressions of `x`, numbers of `shape` between `low` and `high`; `setup` and
    the way's code are run before `after`. They agree to `tolerance`, of the largest value.
    """

    before: str
    after: str
    shape: tuple[int, ...]
    setup: str = ""
    low: float = -1.0
    high: float = 1.0
    tolerance: float = 1e-5
    is_tflm: bool = True


@dataclass(frozen=True, slots=True)
class Way:
    """A way out. `operators` are names of TensorFlow or, in capitals, TFLite; `*` stands for any.

    It is for layers of the classes `layers`, types that `types` is found in, and networks read by
    `framework`, where these are not empty. `text` says what to do, `code` how it is written.
    """

    operators: tuple[str, ...]
    text: str
    code: str = ""
    layers: tuple[str, ...] = ()
    types: str = ""
    says: str = ""
    framework: str = ""
    examples: tuple[Example, ...] = ()

    @property
    def shown(self) -> str:
        """The way as it is shown: the sentence, and below it the code."""
        return f"{self.text}\n{self.code.rstrip()}" if self.code else self.text


@functools.cache
def ways() -> tuple[Way, ...]:
    """The table, in its order."""
    path = importlib.resources.files("tflint.convert") / "builtin_ways.toml"
    return tuple(map(_way, tomllib.loads(path.read_text(encoding="utf-8"))["way"]))


def way_of(needed: Needed, framework: str = "") -> str:
    """How to do without an operator that is no builtin, in a network that `framework` read."""
    return _shown(needed.name, needed.place.kind or "", needed.detail, framework)


def way_of_builtin(name: str, place: Place, network: Network) -> str:
    """How to do without a builtin operator that costs, or that the target has no kernel for."""
    return _shown(name, place.kind or "", "", network.framework)


def way_of_fault(fault: Fault) -> str:
    """What to do about a network that cannot be converted whatever is allowed."""
    return _shown(fault.operator or "raised", fault.place.kind or "", fault.detail)


def _shown(name: str, kind: str, detail: str, framework: str = "") -> str:
    for way in ways():
        if (
            any(fnmatchcase(name, pattern) for pattern in way.operators)
            and (not way.layers or any(fnmatchcase(kind, each) for each in way.layers))
            and (not way.types or re.search(way.types, detail))
            and (not way.says or way.says in detail)
            and (not way.framework or framework.startswith(way.framework))
        ):
            return way.shown
    return _GENERAL


def _way(entry: dict[str, Any]) -> Way:
    fields: dict[str, Any] = {
        key: tuple(v) if isinstance(v, list) else v for key, v in entry.items()
    }
    fields["examples"] = tuple(
        Example(**{**example, "shape": tuple(example["shape"])})
        for example in entry.get("examples", ())
    )
    return Way(**fields)
