"""Cases of TensorFlow's operators of maps, and what all cases are made of."""

from __future__ import annotations

from typing import Any

import numpy as np

RNG = np.random.default_rng(7)
# Name, operator, inputs by name (a list of arrays is one input), attributes.
Case = tuple[str, str, dict[str, Any], dict[str, Any]]


def some(*shape: int, positive: bool = False) -> Any:
    """Random reals that are short to write."""
    values = np.round(RNG.standard_normal(shape) * 2, 2).astype(np.float32)
    return np.abs(values) + np.float32(0.25) if positive else values


def whole(*shape: int) -> Any:
    """Random integers, none of them 0."""
    values = RNG.integers(-9, 10, shape).astype(np.int32)
    return np.where(values == 0, 4, values).astype(np.int32)


def truth(*shape: int) -> Any:
    """Random truth values."""
    return RNG.integers(0, 2, shape).astype(bool)


def numbers(*values: int) -> Any:
    """A vector of integers."""
    return np.array(values, np.int32)


def number(value: float, dtype: type = np.int32) -> Any:
    """A scalar."""
    return np.array(value, dtype)


def spatial() -> list[Case]:
    """Convolutions and pools in both layouts."""
    found: list[Case] = []
    for layout in ("NHWC", "NCHW"):
        last = layout == "NHWC"

        def sides(h: int, w: int, last: bool = last) -> list[int]:
            return [1, h, w, 1] if last else [1, 1, h, w]

        def edges(*around: int, last: bool = last) -> list[int]:
            return [0, 0, *around, 0, 0] if last else [0, 0, 0, 0, *around]

        x = some(1, 5, 6, 2) if last else some(1, 2, 5, 6)
        w, d = some(3, 2, 2, 3), some(2, 3, 2, 2)
        for padding in ("SAME", "VALID"):
            at = {"padding": padding, "data_format": layout}
            found += [
                (
                    f"{padding} {layout}",
                    "Conv2D",
                    {"input": x, "filter": w},
                    {"strides": sides(2, 1), **at},
                ),
                (
                    f"{padding} {layout}",
                    "DepthwiseConv2dNative",
                    {"input": x, "filter": d},
                    {"strides": sides(2, 2), **at},
                ),
                (
                    f"{padding} {layout}",
                    "MaxPool",
                    {"input": x},
                    {"ksize": sides(3, 2), "strides": sides(2, 3), **at},
                ),
                (
                    f"{padding} {layout}",
                    "AvgPool",
                    {"value": x},
                    {"ksize": sides(3, 2), "strides": sides(2, 3), **at},
                ),
            ]
            size = [1, 9, 12] if padding == "SAME" else [1, 11, 13]
            shape = [1, *size[1:], 3] if last else [1, 3, *size[1:]]
            found.append(
                (
                    f"{padding} {layout}",
                    "Conv2DBackpropInput",
                    {"input_sizes": numbers(*shape), "filter": some(3, 2, 3, 2), "out_backprop": x},
                    {"strides": sides(2, 2), **at},
                )
            )
        at = {"strides": sides(1, 1), "data_format": layout}
        explicit = {"padding": "EXPLICIT", "explicit_paddings": edges(1, 2, 0, 3)}
        wide = {"padding": "SAME", "dilations": sides(2, 3)}
        wider = {"padding": "VALID", "dilations": sides(2, 2)}
        found += [
            (f"explicit {layout}", "Conv2D", {"input": x, "filter": w}, {**at, **explicit}),
            (f"dilated {layout}", "Conv2D", {"input": x, "filter": w}, {**at, **wide}),
            (
                f"dilated {layout}",
                "DepthwiseConv2dNative",
                {"input": x, "filter": d},
                {**at, **wider},
            ),
            (
                f"explicit {layout}",
                "DepthwiseConv2dNative",
                {"input": x, "filter": d},
                {**at, **explicit},
            ),
            (layout, "BiasAdd", {"value": x, "bias": some(2)}, {"data_format": layout}),
            (
                layout,
                "FusedBatchNormV3",
                {
                    "x": x,
                    "scale": some(2),
                    "offset": some(2),
                    "mean": some(2),
                    "variance": some(2, positive=True),
                },
                {"epsilon": 0.001, "is_training": False, "data_format": layout},
            ),
        ]
    x = some(1, 4, 6, 4)
    return [
        *found,
        (
            "explicit",
            "MaxPool",
            {"input": x},
            {
                "ksize": [1, 3, 3, 1],
                "strides": [1, 2, 2, 1],
                "padding": "EXPLICIT",
                "explicit_paddings": [0, 0, 1, 2, 2, 1, 0, 0],
            },
        ),
        (
            "VALID",
            "MaxPoolV2",
            {"input": x, "ksize": numbers(1, 2, 3, 1), "strides": numbers(1, 1, 2, 1)},
            {"padding": "VALID"},
        ),
        (
            "sequence NCHW",
            "BiasAdd",
            {"value": some(2, 3, 4), "bias": some(3)},
            {"data_format": "NCHW"},
        ),
        ("matrix", "BiasAdd", {"value": some(2, 3), "bias": some(3)}, {}),
        ("2", "SpaceToDepth", {"input": x}, {"block_size": 2}),
        ("2", "DepthToSpace", {"input": x}, {"block_size": 2}),
        *(
            (
                f"{'up' if up else 'down'} {corners:d}{centers:d}",
                f"Resize{kind}",
                {"images": some(1, 3, 4, 2), "size": numbers(5, 7) if up else numbers(2, 3)},
                {"align_corners": corners, "half_pixel_centers": centers},
            )
            for kind in ("Bilinear", "NearestNeighbor")
            for corners, centers in ((False, False), (True, False), (False, True))
            for up in (True, False)
        ),
        (
            "maps",
            "SpaceToBatchND",
            {
                "input": some(1, 3, 5, 2),
                "block_shape": numbers(2, 3),
                "paddings": np.array([[1, 0], [0, 1]], np.int32),
            },
            {},
        ),
        (
            "maps",
            "BatchToSpaceND",
            {
                "input": some(6, 2, 2, 1),
                "block_shape": numbers(2, 3),
                "crops": np.array([[1, 0], [0, 2]], np.int32),
            },
            {},
        ),
        (
            "sequences",
            "SpaceToBatchND",
            {
                "input": some(1, 3, 2),
                "block_shape": numbers(2),
                "paddings": np.array([[1, 0]], np.int32),
            },
            {},
        ),
    ]
