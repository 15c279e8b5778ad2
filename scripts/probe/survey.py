"""The questions about one operator, and how they are put.

That a kernel runs proves little: many do not check the types of their tensors and compute
from whatever bits are there. A signature counts as accepted when the model allocates, runs
and gives the numbers that the same operator gives on FLOAT32 tensors.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import TypeAlias

import numpy as np

from probe.cases import (
    FED,
    READABLE,
    Case,
    Shape,
    Signature,
    T,
    Types,
    Variant,
    variants,
)
from probe.recipe import IDENTITY, Recipe
from probe.tflm import ALL, FLOATS, WRONG, Reals, Trial, agrees, run
from probe.worker import DIRTY, Log, Outcome, try_all
from tflint.model.schema import TensorType
from tflint.model.types import elements

# With three or more free slots the product of all types would run to hundreds of thousands
# of models. These are the types of which a kernel mixes different ones; any other type is
# found by changing one slot of an accepted signature, or with the same type in all slots.
OFTEN = (T.FLOAT32, T.INT8, T.INT16, T.INT32, T.INT64, T.UINT8, T.BOOL, T.INT4)
OFTEN_3 = (*OFTEN, T.FLOAT16, T.UINT32, T.UINT16)
# Types in which anything could want to state an axis or a shape.
ARGUMENTS = (T.INT32, T.INT64, T.INT16, T.INT8, T.UINT8)
UNWRITABLE = tuple(type for type in ALL if type not in (*READABLE, T.INT4, T.UINT4))

# How a runtime is asked: build, run and read one model in a child process.
Run: TypeAlias = Callable[[Trial, Log], Outcome]


class Survey:
    """All questions about one operator, and what has been found out so far."""

    def __init__(self, name: str, recipe: Recipe, run: Run = run) -> None:
        self.name = name
        self._run = run
        self.recipe = recipe
        self.case = recipe.typical
        self.accepted: dict[Signature, Variant] = {}
        self.refused: dict[Signature, Outcome] = {}
        self.tried = self.crashes = self.wrong = 0
        # Whether results are held to two steps of the output's scale, not only to its type.
        self.closely = False
        self._expected: dict[tuple[Types, Reals, Shape], Reals | None] = {}

    # Trying

    def outcomes(self, trials: Sequence[Trial]) -> list[Outcome]:
        """Try models and judge their results; counts them."""
        outcomes = try_all(trials, self._run)
        self.tried += len(trials)
        self.crashes += sum(outcome.crashed for outcome in outcomes)
        self._find_expected(trials, outcomes)
        judged = [self._judge(*pair) for pair in zip(trials, outcomes, strict=True)]
        self.wrong += sum(outcome.says == WRONG for outcome in judged)
        return judged

    def _judge(self, trial: Trial, outcome: Outcome) -> Outcome:
        if not outcome.accepted:
            return outcome
        if outcome.results is None or not all(map(math.isfinite, chain(*outcome.reals))):
            # Nothing to compare; `_drop_unproven` decides.
            return outcome
        expected = self._expected[self._key(trial, outcome)]
        fitting = expected is not None and all(
            agrees(
                got,
                want,
                type,
                scale,
                truncates=self.recipe.truncates and scale is None,
                closely=self.closely,
            )
            for got, want, (type, scale) in zip(
                outcome.results, expected, outcome.outputs, strict=True
            )
        )
        return outcome if fitting else Outcome(accepted=False, says=WRONG)

    def _key(self, trial: Trial, outcome: Outcome) -> tuple[Types, Reals, Shape]:
        case = trial.reference or self.case
        return self.reference(trial.signature).inputs, outcome.reals, case.inputs[0].shape

    def _find_expected(self, trials: Sequence[Trial], outcomes: Sequence[Outcome]) -> None:
        """Run the reference on the same reals, always at the usual rank."""
        wanted: dict[tuple[Types, Reals, Shape], Trial] = {}
        for trial, outcome in zip(trials, outcomes, strict=True):
            if outcome.results is None or not all(map(math.isfinite, chain(*outcome.reals))):
                continue
            key = self._key(trial, outcome)
            if key not in self._expected:
                reference = self.reference(trial.signature)
                if not self._representable(reference, outcome.reals):
                    self._expected[key] = None
                    continue
                case = trial.reference or self.case
                reals = filled(case, trial.case, reference, outcome.reals)
                wanted[key] = Trial(self.name, case, reference, reals=reals)
        if self.recipe.reference == IDENTITY:
            self._expected.update({key: key[1] for key in wanted})
            return
        references = list(wanted.values())
        for key, outcome in zip(wanted, try_all(references, self._run), strict=True):
            self._expected[key] = outcome.results

    def _representable(self, reference: Signature, reals: Reals) -> bool:
        """Whether these inputs mean anything to an operator on booleans or integers."""
        if self.recipe.reference == IDENTITY:
            return True
        types = [
            type
            for type, slot in zip(reference.inputs, self.case.inputs, strict=True)
            for _ in range(slot.repeat)
        ]
        return all(
            type in FLOATS
            or all(number in ((0, 1) if type is T.BOOL else (number // 1,)) for number in numbers)
            for type, numbers in zip(types, reals, strict=False)
        )

    def reference(self, signature: Signature) -> Signature:
        """The signature whose results are right.

        A bias that is left out is one of zeros: kernels that take the former are not the
        ones to say what it means. Other inputs that are left out stay out.
        """
        if self.recipe.reference and self.recipe.reference != IDENTITY:
            return parse(self.recipe.reference)
        inputs = tuple(
            T.INT32
            if slot.role == "argument" and type is not None
            else T.FLOAT32
            if type is not None or (slot.role == "bias" and not self.recipe.templates)
            else None
            for slot, type in zip(self.case.inputs, signature.inputs, strict=True)
        )
        return Signature(inputs, (T.FLOAT32,) * len(self.case.outputs))

    def settle(self, signatures: Iterable[Signature]) -> list[Signature]:
        """Decide signatures not yet decided; returns those that were accepted.

        A signature is accepted when one of its variants is; of the others, what the runtime
        says to the plainest variant is kept.
        """
        pending = {
            signature: list(variants(self.case, signature))
            for signature in dict.fromkeys(signatures)
            if signature not in self.accepted
            and signature not in self.refused
            and self._sensible(signature)
        }
        found: list[Signature] = []
        for turn in itertools.count():
            waiting = [s for s, ways in pending.items() if len(ways) > turn]
            if not waiting:
                return found
            trials = [Trial(self.name, self.case, s, pending[s][turn]) for s in waiting]
            for trial, outcome in zip(trials, self.outcomes(trials), strict=True):
                if outcome.accepted:
                    self.accepted[trial.signature] = trial.variant
                    self.refused.pop(trial.signature, None)
                    del pending[trial.signature]
                    found.append(trial.signature)
                else:
                    self.refused.setdefault(trial.signature, outcome)
        raise AssertionError("unreachable")

    # Types

    def types(self) -> None:
        """Find every accepted signature.

        First the slots that hold data, then by changing one slot at a time, arguments
        included, until that leads to nothing new.
        """
        if self.recipe.templates:
            self.settle(parse(text) for text in self.recipe.templates)
        else:
            self.settle(self.product())
            self.settle(self.uniform())
        self._drop_unproven()
        self.settle([self.with_arguments(s, type) for s in self.accepted for type in ARGUMENTS])
        new = list(self.accepted)
        while new:
            found = self.settle([changed for s in new for changed in self.one_changed(s)])
            self._drop_unproven()
            new = [signature for signature in found if signature in self.accepted]

    def _drop_unproven(self) -> None:
        """Take back what ran on types whose numbers this script cannot write or read.

        No kernel computes in FLOAT64. One that takes it in their place only moves bytes, and
        then does so for every type; others ran on bits that they took for something else.
        """
        for signature in list(self.accepted):
            types = [*signature.inputs, *signature.outputs]
            unknown: set[TensorType | None] = {
                type for type in signature.inputs if type in UNWRITABLE
            }
            unknown.update(type for type in signature.outputs if type not in READABLE)
            known = [T.FLOAT64 if type in unknown else type for type in types]
            mixed = len(unknown) > 1 or T.FLOAT64 in types
            if unknown and (mixed or self.signature(known) not in self.accepted):
                del self.accepted[signature]
                self.refused[signature] = Outcome(accepted=False, says=WRONG)

    def with_arguments(self, signature: Signature, type: TensorType) -> Signature:
        """This signature with one type in all arguments."""
        inputs = [
            old if old is None or slot.role != "argument" else type
            for slot, old in zip(self.case.inputs, signature.inputs, strict=True)
        ]
        return self.signature([*inputs, *signature.outputs])

    def data_types(self, signature: Signature) -> Iterator[TensorType | None]:
        """Types of the slots that are not arguments."""
        for slot, type in zip(self.case.inputs, signature.inputs, strict=True):
            if slot.role != "argument":
                yield type
        yield from signature.outputs

    def _sensible(self, signature: Signature) -> bool:
        """Whether the recipe lets this combination be tried."""
        types = [
            type
            for slot, type in zip(self.case.inputs, signature.inputs, strict=True)
            if slot.role != "argument"
        ]
        if self.recipe.same_type == "all":
            types += signature.outputs
        return not self.recipe.same_type or len(set(types)) == 1

    def choices(self, position: int, types: Sequence[TensorType]) -> Types:
        """Types for a slot, with none for an optional one."""
        if position >= len(self.case.inputs):
            return tuple(types)
        slot = self.case.inputs[position]
        if slot.role == "argument":
            types = ARGUMENTS
        return (*types, None) if slot.optional else tuple(types)

    def product(self) -> Iterator[Signature]:
        """Every combination of types in the slots that hold data."""
        free = sum(slot.role != "argument" for slot in self.case.inputs) + len(self.case.outputs)
        types = ALL if free <= 2 else OFTEN_3 if free == 3 else OFTEN
        slots: list[Types] = [
            (T.INT32,) if slot.role == "argument" else self.choices(position, types)
            for position, slot in enumerate(self.case.inputs)
        ]
        slots += [types] * len(self.case.outputs)
        return map(self.signature, itertools.product(*slots))

    def uniform(self) -> Iterator[Signature]:
        """The same type in all slots that hold data."""
        for type in ALL:
            inputs = [T.INT32 if s.role == "argument" else type for s in self.case.inputs]
            yield self.signature([*inputs, *[type] * len(self.case.outputs)])

    def one_changed(self, signature: Signature) -> Iterator[Signature]:
        """The signatures that differ from this one in one slot."""
        types = [*signature.inputs, *signature.outputs]
        for position in range(len(types)):
            for type in self.choices(position, ALL):
                yield self.signature([*types[:position], type, *types[position + 1 :]])

    def signature(self, types: Sequence[TensorType | None]) -> Signature:
        """From types of all slots in a row."""
        count = len(self.case.inputs)
        return Signature(tuple(types[:count]), tuple(types[count:]))

    # Memory, constants and ranks

    def uninitialized(self) -> list[Signature]:
        """The accepted signatures whose results depend on what was in the arena before."""
        trials = [Trial(self.name, self.case, s, variant) for s, variant in self.accepted.items()]
        self.tried += 2 * len(trials)
        clean, dirty = try_all(trials, self._run), try_all(trials, self._run, DIRTY)
        return [
            trial.signature
            for trial, before, after in zip(trials, clean, dirty, strict=True)
            if before.results != after.results
        ]

    def constants(self) -> dict[int, list[Signature]]:
        """Input slots and the accepted signatures for which they have to be constant."""
        result: dict[int, list[Signature]] = {}
        for position, slot in enumerate(self.case.inputs):
            trials = [
                Trial(self.name, self.case, signature, replace(variant, fed=position))
                for signature, variant in self.accepted.items()
                if slot.constant and signature.inputs[position] in FED
            ]
            outcomes = self.outcomes(trials)
            refused = [
                trial.signature
                for trial, outcome in zip(trials, outcomes, strict=True)
                if not outcome.accepted
            ]
            if refused:
                result[position] = refused
        return result

    def ranks(self, *, broadcast: bool = False) -> dict[Signature, list[int]]:
        """The ranks at which each accepted signature works."""
        make = self.recipe.case
        if broadcast:
            assert self.recipe.broadcast is not None
            make = self.recipe.broadcast
        cases = {
            rank: (make(rank), self._reference_case(rank, broadcast)) for rank in self.recipe.ranks
        }
        trials = [
            (Trial(self.name, case, signature, variant, reference=reference), rank)
            for signature, variant in self.accepted.items()
            for rank, (case, reference) in cases.items()
        ]
        result: dict[Signature, list[int]] = {signature: [] for signature in self.accepted}
        outcomes = self.outcomes([trial for trial, _ in trials])
        for (trial, rank), outcome in zip(trials, outcomes, strict=True):
            if outcome.accepted:
                result[trial.signature].append(rank)
        return result

    def _reference_case(self, rank: int, broadcast: bool) -> Case | None:
        """What to compare with at this rank; None for the usual case."""
        if broadcast:
            assert self.recipe.flat is not None
            return self.recipe.flat(2**rank)
        # Rank 1 has one row only, and therefore other numbers than the rest.
        if rank == 1 or not self.recipe.same_numbers:
            return self.recipe.case(rank)
        return None


def filled(case: Case, tried: Case, reference: Signature, reals: Reals) -> Reals:
    """Inputs for the reference, empty where it has its own.

    Its own are the arguments, which may differ from rank to rank. A bias that is left out
    becomes zeros, and what the case that was tried broadcasts is repeated.
    """
    slots = [
        (slot, original, type)
        for slot, original, type in zip(case.inputs, tried.inputs, reference.inputs, strict=True)
        for _ in range(slot.repeat)
    ]
    result: list[tuple[float, ...]] = []
    for position, (slot, original, type) in enumerate(slots):
        given = reals[position] if position < len(reals) else ()
        if slot.role == "argument" or type is None:
            result.append(())
        elif not given:
            result.append((0.0,) * elements(slot.shape))
        elif len(given) == elements(slot.shape):
            result.append(given)
        else:
            values = np.reshape(given, original.shape)
            result.append(tuple(np.broadcast_to(values, tried.outputs[0].shape).ravel().tolist()))
    return tuple(result)


def parse(text: str) -> Signature:
    """The inverse of `str(signature)`."""

    def types(names: str) -> Types:
        return tuple(None if n == "none" else TensorType[n] for n in names.split(",") if n)

    inputs, _, outputs = text.partition("->")
    return Signature(types(inputs), types(outputs))
