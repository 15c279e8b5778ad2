"""The sizes of shared code: each image is the sum of its parts, and no part is negative.

An image holds every piece of code once, however many of its kernels need it, because the
linker keeps functions, not kernels (`-ffunction-sections -Wl,--gc-sections`). So

    image = core + own code of each kernel + each piece that one of its kernels needs

and for all images together that is a system of equations in sizes that are not negative,
solved in least squares. Images of one kernel are held to exactly. Where the images leave open
what is shared, less is taken (an estimate too high is safer), but for twins more.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from code_sizes.images import LIBRARIES, OTHER, Measured
from code_sizes.shared_code import SharedCode

# Weights of equations: an image of one kernel; a part that ought to be small.
_ONE_KERNEL = 30.0
_SHARED, _OWN, _TWINS_OWN, _TWINS_SHARED = 0.05, 0.005, 0.5, 0.005

Images = Mapping[str, Mapping[frozenset[str], int]]
Vector = NDArray[np.float64]


def solve(measured: Measured, pieces: tuple[SharedCode, ...], models: Images) -> dict[str, int]:
    """Bytes of each piece of shared code, from the kernels alone and from these models."""
    unknowns: dict[tuple[str, str], int] = {}
    rows: list[dict[int, float]] = []
    sizes: list[float] = []
    twins = frozenset[str]().union(*(piece.kernels for piece in pieces if piece.twins))

    def number(kind: str, name: str) -> int:
        return unknowns.setdefault((kind, name), len(unknowns))

    def equation(runtime: str, kernels: frozenset[str], size: int, weight: float) -> None:
        row = {number(_own_by(measured, runtime, kernel), kernel): weight for kernel in kernels}
        for piece in pieces:
            if piece.runtime in (None, runtime) and piece.kernels & kernels:
                row[number("shared", piece.name)] = weight
                size -= piece.known_bytes
        rows.append(row)
        sizes.append(weight * size)

    for runtime in LIBRARIES:
        for kernel, size in measured.added[runtime].items():
            equation(runtime, frozenset((kernel,)), size, _ONE_KERNEL)
        for kernels, size in models[runtime].items():
            equation(runtime, kernels, size - measured.core[runtime], 1.0)
    large = {piece.name for piece in pieces if piece.twins}
    for (kind, name), column in unknowns.items():
        if kind == "shared":
            rows.append({column: _TWINS_SHARED if name in large else _SHARED})
        elif name != OTHER:
            rows.append({column: _TWINS_OWN if name in twins else _OWN})
    matrix = np.zeros((len(rows), len(unknowns)))
    for index, row in enumerate(rows):
        matrix[index, list(row)] = list(row.values())
    found = non_negative(matrix, np.array([*sizes, *([0.0] * (len(rows) - len(sizes)))]))
    return {
        piece.name: piece.known_bytes + int(found[unknowns["shared", piece.name]])
        for piece in pieces
    }


def _own_by(measured: Measured, runtime: str, kernel: str) -> str:
    """A kernel that is the same in both libraries is one unknown, others are two."""
    sizes = {measured.added[library].get(kernel) for library in LIBRARIES}
    return "own" if len(sizes) == 1 else f"own in {runtime}"


def non_negative(matrix: Vector, target: Vector) -> Vector:
    """The x >= 0 that minimises |matrix x - target| (Lawson and Hanson, 1974, algorithm NNLS)."""
    columns = matrix.shape[1]
    x = np.zeros(columns)
    free = np.zeros(columns, dtype=bool)
    tolerance = 1e-9 * float(np.abs(matrix.T @ target).max())
    for _ in range(30 * columns):
        gradient = matrix.T @ (target - matrix @ x)
        gradient[free] = -np.inf
        enters = int(gradient.argmax())
        if gradient[enters] <= tolerance:
            return x
        free[enters] = True
        while True:
            trial = np.zeros(columns)
            trial[free] = np.linalg.lstsq(matrix[:, free], target, rcond=None)[0]
            negative = free & (trial <= 0)
            if not negative.any():
                break
            step = float((x[negative] / (x[negative] - trial[negative])).min())
            x += step * (trial - x)
            free &= x > 1e-12
            x[~free] = 0.0
        x = trial
    raise ArithmeticError("no solution within the steps that one takes")
