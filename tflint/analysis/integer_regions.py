"""What of a float region can be computed in integers, and on which scales.

Ranges come from what is in the file: the grids of the integers that go in and come out, the
data of constants, and interval arithmetic between. Calibration would know better; where the
integers that come out are only clipped and moved values, their grid was calibrated for them.
"""

from __future__ import annotations

from collections.abc import Iterator

from tflint.analysis.dataflow import Dataflow
from tflint.analysis.float_regions import FLOAT32, Region
from tflint.analysis.integer_grids import (
    INT8,
    INT16,
    UINT8,
    Bounds,
    Grid,
    covering,
    grid_of,
)
from tflint.analysis.integer_kernels import IntegerKernel, Scales, integer_kernel
from tflint.analysis.integer_layers import LAYERS, takes_layer
from tflint.analysis.lowering import Lowering
from tflint.analysis.operand_types import node_signature
from tflint.model.constants import Constants
from tflint.model.graph import Node, Value
from tflint.model.schema import TensorType
from tflint.target.runtime import Runtime, Verdict

_MOST_PLANS = 3
_RESHAPES = frozenset(("SQUEEZE", "EXPAND_DIMS"))


def lowering(
    region: Region,
    runtime: Runtime,
    dataflow: Dataflow,
    constants: Constants,
    *,
    interface: frozenset[Value] = frozenset(),
) -> Lowering | None:
    """What of the region becomes integers; None where that is nothing, or would not pay.

    Values of the `interface` may change their type; other inputs and outputs of the subgraph
    stay float, behind a conversion.
    """
    type = _type(region)
    if type is None or not _is_sound(region, dataflow):
        return None
    for _ in range(_MOST_PLANS):
        found = _Planner(region, runtime, constants, type, interface).plan()
        in_float = interface if found is None else interface & found.floats
        if not in_float:
            return found
        # Who is read in float as well, or has no grid, stays as it is.
        interface -= in_float
    return None


def can_requantise(runtime: Runtime, source: TensorType, to: TensorType) -> bool:
    """Whether the runtime's QUANTIZE leads from one integer type to the other."""
    kernel = runtime.kernel("QUANTIZE")
    signature = f"{source.name}->{to.name}"
    return kernel is not None and kernel.verdict(signature) is Verdict.ACCEPTED


def _type(region: Region) -> TensorType | None:
    """The type of the integers around a region: that of all activations but uint8 ones."""
    around = {v.type for v in _around(region)} - {UINT8}
    return around.pop() if len(around) == 1 and around <= {INT8, INT16} else None


def _around(region: Region) -> Iterator[Value]:
    for entry in region.entries:
        source = entry.input(0)
        if source is not None:
            yield source
    for exit in region.exits:
        yield from exit.outputs


def _is_sound(region: Region, dataflow: Dataflow) -> bool:
    """Whether all values of a region are made once, before they are read, on known grids."""
    for node in (*region.entries, *region.exits):
        if len(node.inputs) != 1 or len(node.outputs) != 1:
            return False
    for value in _around(region):
        if grid_of(value) is None or value.is_constant or not dataflow.is_stable(value):
            return False
    for value in region.values:
        if not dataflow.is_stable(value) or value.tensor.sparsity is not None:
            return False
        made = -1 if value.producer is None else value.producer.index
        if any(reader.index <= made for reader in value.consumers):
            return False
    # What reads an exit's output may read the integers before it instead: they are made earlier.
    return all(
        source.producer is None or source.producer.index < entry.index
        for entry in region.entries
        if (source := entry.inputs[0]) is not None
    )


class _Planner:
    """One region's plan under construction."""

    def __init__(
        self,
        region: Region,
        runtime: Runtime,
        constants: Constants,
        type: TensorType,
        interface: frozenset[Value],
    ) -> None:
        self.region = region
        self.runtime = runtime
        self.constants = constants
        self.interface = interface
        self.found = Lowering(region, type, interface=interface)
        self.values = set(region.values)
        self.kernels = {
            node: kernel
            for node in region.nodes
            if (kernel := integer_kernel(node)) is not None
            and kernel.version(type)
            and self._is_accepted(node)
        }
        self.exits: dict[Value, list[Grid]] = {}
        for exit in region.exits:
            read, made = exit.inputs[0], grid_of(exit.outputs[0])
            if read is not None and made is not None:
                self.exits.setdefault(read, []).append(made)
        self.wishes: dict[Value, Grid] = {}
        self.bounds: dict[Value, Bounds] = {}

    def plan(self) -> Lowering | None:
        for value in sorted(self.region.values, key=_made_at, reverse=True):
            wish = self._wish(value)
            if wish is not None:
                self.wishes[value] = wish
        for value in self.region.values:
            if value.producer is None or value.producer not in self.kernels:
                self._given(value)
        for node in self.region.nodes:
            if node in self.kernels and not self._lower(node, self.kernels[node]):
                # It stays float; what it makes may be quantised behind it.
                for value in node.outputs:
                    if value in self.values:
                        self._given(value)
        self._keep_floats()
        return self.found if self._pays() else None

    def _pays(self) -> bool:
        """Whether there are fewer conversions then, or as many and smaller tensors."""
        before = len(self.region.entries) + len(self.region.exits)
        after = self._conversions()
        if after != before:
            return after < before
        return sum(value.bytes for value in self.found.floats) < self.region.bytes

    # Which operators

    def _is_accepted(self, node: Node) -> bool:
        """Whether the runtime takes the operator in integers, as it stands or as RESHAPE."""
        if not node.outputs or node.index < 0:
            return False
        if any(v.type is FLOAT32 and v not in self.values for v in node.outputs):
            return False
        if node.name in LAYERS:
            return takes_layer(node, self.runtime, self.found.type, self.constants)
        if self._takes(node):
            return True
        if node.name not in _RESHAPES or not self._can_reshape(node):
            return False
        self.found.reshapes.add(node)
        return True

    def _takes(self, node: Node) -> bool:
        kernel = self.runtime.kernel(node.name)
        if kernel is None:
            return False
        signature = node_signature(kernel, node).replace("FLOAT32", self.found.type.name)
        if kernel.verdict(signature) is not Verdict.ACCEPTED:
            return False
        rank = kernel.highest_rank(signature)
        if rank is not None and any(v is not None and len(v.shape) > rank for v in node.inputs):
            return False
        constants = kernel.constants(signature)
        return all((v := node.input(p)) is not None and v.is_constant for p in constants)

    def _can_reshape(self, node: Node) -> bool:
        kernel = self.runtime.kernel("RESHAPE")
        shape = node.outputs[0].tensor
        name = self.found.type.name
        return (
            kernel is not None
            and kernel.verdict(f"{name},INT32->{name}") is Verdict.ACCEPTED
            and min(shape.shape, default=1) >= 1
            and -1 not in shape.shape_signature
        )

    # Which grids

    def _wish(self, value: Value) -> Grid | None:
        """The grid that a value is wanted on: that of the integers it is only moved into."""
        exits = [grid for grid in self.exits.get(value, ()) if grid.type is self.found.type]
        if exits:
            # All were made for these values; the widest loses none of them.
            return max(exits, key=lambda grid: grid.scale)
        if value in self.exits:
            return None
        if value.is_output:
            return None
        wish: Grid | None = None
        for reader in value.consumers:
            kernel = self.kernels.get(reader)
            if kernel is None or not kernel.clips_late or len(reader.outputs) != 1:
                return None
            found = self.wishes.get(reader.outputs[0])
            if found is None or (wish is not None and wish != found):
                return None
            wish = found
        return wish

    def _given(self, value: Value) -> None:
        """The grid of a value that is not made by an operator of the region."""
        producer = value.producer
        source = producer.input(0) if producer is not None else None
        grid: Grid | None
        if producer is not None and producer.name == "DEQUANTIZE" and source is not None:
            grid = grid_of(source)
            if grid is not None and grid.type is UINT8:
                if not can_requantise(self.runtime, UINT8, self.found.type):
                    return
                if self.found.type is INT8:
                    grid = grid.as_type(INT8)
                else:
                    grid = covering(grid.bounds, self.found.type)
        else:
            grid = self.wishes.get(value)
            if not can_requantise(self.runtime, FLOAT32, self.found.type):
                return
        if grid is not None:
            self._set(value, grid, grid.bounds)

    def _set(self, value: Value, grid: Grid, bounds: Bounds) -> None:
        self.found.grids[value] = grid
        low, high = grid.bounds
        self.bounds[value] = max(bounds[0], low), min(bounds[1], high)

    def _lower_layer(self, node: Node) -> bool:
        """A layer becomes integers where its data are, and the range of what it makes is known."""
        x, y = node.input(LAYERS[node.name].data), node.outputs[0]
        grid = self.wishes.get(y)
        if x not in self.found.grids or grid is None:
            return False
        self._set(y, grid, grid.bounds)
        self.found.nodes.append(node)
        return True

    def _lower(self, node: Node, kernel: IntegerKernel) -> bool:
        if node.name in LAYERS:
            return self._lower_layer(node)
        operands = [
            (position, value)
            for position, value in enumerate(node.inputs)
            if value is not None and value.type is FLOAT32
        ]
        bounds: list[Bounds] = []
        for _, value in operands:
            known = self._bounds(value)
            if known is None:
                return False
            bounds.append(known)
        if not operands or not self._choose(node, kernel, operands, bounds):
            return False
        self.found.nodes.append(node)
        return True

    def _bounds(self, value: Value) -> Bounds | None:
        return self.bounds.get(value) if value in self.values else self.constants.bounds(value)

    def _choose(
        self,
        node: Node,
        kernel: IntegerKernel,
        operands: list[tuple[int, Value]],
        bounds: list[Bounds],
    ) -> bool:
        """Set the grids of an operator's outputs, and of operands where they have another."""
        found, type = self.found, self.found.type
        outputs = [value for value in node.outputs if value in self.values]
        given = [found.grids[value] for _, value in operands if value in self.values]
        if not given:
            return False
        made = kernel.bounds(node, bounds) if kernel.bounds is not None else None
        wish = self.wishes.get(outputs[0]) if len(outputs) == 1 else None
        grid: Grid | None = None
        if kernel.scales is Scales.SAME:
            if all(given[0] == other for other in given) and self._holds(given[0], bounds):
                grid = given[0]
            else:
                low, high = min(b[0] for b in bounds), max(b[1] for b in bounds)
                grid = (wish if kernel.clips_late else None) or covering((low, high), type)
        elif kernel.scales is Scales.FREE:
            grid = wish or (None if made is None else covering(made, type))
        elif kernel.scales is Scales.FIXED:
            grid = dict(kernel.fixed).get(type)
            made = None if grid is None else grid.bounds
        if grid is None and kernel.scales is not Scales.UNSCALED:
            return False
        demands: dict[tuple[Node, int], Grid] = {}
        for (position, value), reach in zip(operands, bounds, strict=True):
            own = found.grids.get(value)
            wanted = grid if kernel.scales is Scales.SAME else own or covering(reach, type)
            if wanted is None:
                return False
            if own != wanted:
                demands[node, position] = wanted
        if any(
            value in self.values and not can_requantise(self.runtime, type, type)
            for (position, value) in operands
            if (node, position) in demands
        ):
            return False
        found.operands.update(demands)
        if grid is not None:
            for value in outputs:
                self._set(value, grid, made or grid.bounds)
        return True

    def _holds(self, grid: Grid, bounds: list[Bounds]) -> bool:
        """Whether a grid has all that operands may be, give or take a step."""
        low, high = grid.bounds
        return all(low - grid.scale <= b[0] and b[1] <= high + grid.scale for b in bounds)

    # What stays float

    def _keep_floats(self) -> None:
        found, lowered = self.found, set(self.found.nodes)
        for value in self.region.values:
            may_change = value in self.interface
            readers = {n for n in value.consumers if n in lowered}
            is_native = self._is_native(value, lowered)
            if not is_native and not readers:
                # It is made in float, and whoever wants integers has a QUANTIZE already.
                found.grids.pop(value, None)
            others = any(n not in readers and n.name != "QUANTIZE" for n in value.consumers)
            is_kept = (value.is_output or value.is_input) and not may_change
            if value not in found.grids or not is_native or others or is_kept:
                found.floats.add(value)

    def _is_native(self, value: Value, lowered: set[Node]) -> bool:
        """Whether a value is made in integers: given so, or by an operator that becomes so."""
        if value not in self.found.grids:
            return False
        producer = value.producer
        if producer is None:
            return value in self.interface
        return producer in lowered or producer.name == "DEQUANTIZE"

    def _conversions(self) -> int:
        """How many operators convert after the rewrite."""
        found = self.found
        count = len(
            {
                (node.inputs[position], grid)
                for (node, position), grid in found.operands.items()
                if node.inputs[position] in found.grids
            }
        )
        for value in self.region.values:
            grid, producer = found.grids.get(value), value.producer
            exits = [n for n in value.consumers if n.name == "QUANTIZE"]
            if grid is None:
                count += len(exits) + (producer is not None and producer.name == "DEQUANTIZE")
                continue
            # Native integers, or QUANTIZE right behind where the floats are made; and floats of
            # those integers for who still reads floats.
            count += value in found.floats
            source = found.source(value)
            count += len(exits) - sum(node in found.merged(value) for node in exits)
            count += source is not None and source != grid
        return count


def _made_at(value: Value) -> int:
    return -1 if value.producer is None else value.producer.index
