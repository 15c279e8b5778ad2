"""What an operator in NumPy is called with, and the table of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tflint.errors import ModelRefused
from tflint.model.flex import AttributeValue

Array = np.ndarray[Any, Any]

# More than any network for a microcontroller makes of one value, in elements and in products.
MAX_ELEMENTS = 1 << 26
MAX_PRODUCTS = 1 << 31


@dataclass(frozen=True, slots=True)
class Call:
    """One run of an operator: its name, its attributes, and the values of its inputs."""

    name: str
    attributes: dict[str, AttributeValue]
    inputs: Sequence[Array]

    def __getitem__(self, position: int) -> Array:
        """An input."""
        return self.inputs[position]

    def attribute(self, name: str, default: Any = None) -> Any:
        """An attribute, or TensorFlow's default; refuses the operator where it has none."""
        found = self.attributes.get(name, default)
        if found is None:
            raise ModelRefused(f"TensorFlow's {self.name} comes without its `{name}`")
        return found

    def axis(self, position: int) -> int:
        """An input that is one integer."""
        return int(self[position].reshape(()))

    def numbers(self, position: int) -> tuple[int, ...]:
        """An input that is a list of integers."""
        return tuple(int(number) for number in self[position].reshape(-1))


# An operator gives one array, or a list of them.
Kernel = Callable[[Call], "Array | list[Array]"]
KERNELS: dict[str, Kernel] = {}


def kernel(*names: str) -> Callable[[Kernel], Kernel]:
    """Enter a function as the operator of these names."""

    def enter(function: Kernel) -> Kernel:
        for name in names:
            KERNELS[name] = function
        return function

    return enter


def bounded(*shape: int) -> tuple[int, ...]:
    """A shape that may be made; refuses one that would take all memory."""
    if min(shape, default=0) < 0 or math.prod(shape) > MAX_ELEMENTS:
        raise ModelRefused(f"a value of shape {list(shape)[:8]} is too large to compare")
    return shape


def feasible(products: int) -> None:
    """Refuse a product that would take all day."""
    if products > MAX_PRODUCTS:
        raise ModelRefused(f"{products:,} multiplications are too many to compare")
