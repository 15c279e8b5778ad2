"""Whether values are made up: random numbers and constants, and what is computed from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum

from tflint.keras.values import Function, Reference, Result, Value


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# What draws random numbers, in whichever module; not what draws from given data (`choice`,
# `permutation`, `shuffle`).
_DRAWS = _words(
    "rand randn random random_sample ranf sample randint random_integers integers uniform"
    " normal standard_normal truncated_normal gauss normalvariate random_uniform"
    " random_normal stateless_uniform stateless_normal beta exponential gamma laplace"
    " lognormal poisson binomial standard_exponential randrange triangular rand_like"
    " randn_like"
)
_CONSTANT = _words("zeros ones full empty zeros_like ones_like full_like empty_like fill")
_RANDOM_HOMES = ("numpy.random.", "tensorflow.random.", "random.", "keras.random.", "secrets.")
_CONSTANT_HOMES = ("numpy.", "tensorflow.", "keras.", "jax.numpy.")
_OLD_RANDOM = ("tensorflow.random_uniform", "tensorflow.random_normal", "torch.rand", "torch.randn")
# What only changes the form of values: what goes in comes out.
_FORMS = _words(
    "array asarray asanyarray ascontiguousarray expand_dims reshape stack vstack hstack"
    " concatenate concat cast constant convert_to_tensor float32 float64 float16 int8 uint8"
    " astype numpy copy squeeze transpose clip clip_by_value round abs tile repeat ravel"
    " flatten view tolist to_float identity atleast_1d atleast_2d atleast_3d moveaxis"
    " swapaxes multiply divide add subtract matmul sqrt square maximum minimum Variable"
    " batch take list tuple iter from_tensor_slices from_tensors"
    # Of the module `operator`: what expressions are.
    " getitem add sub mul truediv floordiv mod pow matmul neg pos"
)


class Origin(Enum):
    """Where made-up values come from."""

    RANDOM = "random numbers"
    CONSTANT = "constants"


def origin(value: Value) -> tuple[Origin, Result] | None:
    """Where a value comes from, if all of it is made up: with the call that makes it.

    Lists, dictionaries, casts, reshapes and arithmetic with constants are made up if what is in
    them is. A constant of the source alone is not: it says nothing about the rest.
    """
    found: tuple[Origin, Result] | None = None
    for one in _leaves(value):
        made = _made(one) if isinstance(one, Result) else None
        if made is None:
            return None
        found = made if found is None or made[0] is Origin.RANDOM else found
    return found


def _leaves(value: Value) -> Iterator[Value]:
    """What a list or a dictionary is made of, without plain constants."""
    stack = [value]
    while stack:
        one = stack.pop()
        if isinstance(one, tuple):
            stack += one
        elif isinstance(one, Mapping):
            stack += one.values()
        elif one is not None and not isinstance(one, bool | int | float | complex | str | bytes):
            yield one


def _made(result: Result) -> tuple[Origin, Result] | None:
    """Where the result of a call comes from, if that is made up."""
    seen = 0
    found: tuple[Origin, Result] | None = None
    stack = [result]
    while stack and seen < _MOST_CALLS:
        one = stack.pop()
        seen += 1
        made = _source(one)
        if made is None:
            given = (*one.operands, *one.keywords.values())
            # Of an element the index does not matter: what is made up is so everywhere.
            given = given[:1] if one.path == "operator.getitem" else given
            parts = [part for operand in given for part in _leaves(operand)]
            parts = [part for part in parts if not isinstance(part, Reference)]
            is_form = one.path.rpartition(".")[2] in _FORMS
            if not is_form or not parts or not all(isinstance(part, Result) for part in parts):
                return None
            stack += [part for part in parts if isinstance(part, Result)]
        elif found is None or made is Origin.RANDOM:
            found = (made, one)
    return None if stack else found


# Calls behind a value that are looked at; real chains are short.
_MOST_CALLS = 200


def _source(result: Result) -> Origin | None:
    """What a call makes up by itself, whatever it is given."""
    path = result.path
    name = path.rpartition(".")[2]
    # A method of a generator is named behind it: `numpy.random.default_rng().random`.
    if name in _DRAWS and (path.startswith(_RANDOM_HOMES) or path in _OLD_RANDOM):
        maker = path.rpartition("().")[0].rpartition(".")[2]
        return None if maker in _DRAWS else Origin.RANDOM
    if name in _CONSTANT and path.startswith(_CONSTANT_HOMES) and "()" not in path:
        return Origin.CONSTANT
    return None


def yields(function: Value) -> tuple[Value, ...] | None:
    """What a representative data set yields, one value for each; None where that is unknown."""
    if isinstance(function, Result) and function.path.endswith("RepresentativeDataset"):
        function = next(iter((*function.operands, *function.keywords.values())), None)
    if not isinstance(function, Function) or function.results is None:
        return None
    if function.is_generator:
        return function.results
    # `lambda: [[x], [x]]`, or a function that calls a generator and returns that.
    returned = [
        one
        for result in function.results
        for one in (result if isinstance(result, tuple) else (result,))
    ]
    return tuple(returned)
