"""Cases of TensorFlow's other operators: element by element, of matrices, of moving."""

from __future__ import annotations

from typing import Any

import numpy as np
from spatial_cases import Case, number, numbers, some, truth, whole


def elementwise() -> list[Case]:
    """One element at a time."""
    found: list[Case] = []
    features = "Relu Relu6 Elu Selu Softplus Softsign LeakyRelu"
    inputs = dict.fromkeys(features.split(), "features")
    inputs |= dict.fromkeys(("Softmax", "LogSoftmax"), "logits")
    inputs |= dict.fromkeys(("Identity", "StopGradient", "PreventGradient"), "input")
    names = "Abs Ceil Cos Exp Expm1 Floor Inv Neg Reciprocal Rint Round Sigmoid Sign Sin Square Tan"
    inputs |= dict.fromkeys([*names.split(), "Tanh", "ZerosLike"], "x")
    x = np.concatenate([some(2, 3), np.array([[-30, -0.5, 0.5], [1.5, 2.5, 30]], np.float32)])
    found += [("", name, {argument: x}, {}) for name, argument in inputs.items()]
    above = some(2, 3, positive=True)
    found += [("", name, {"x": above}, {}) for name in ("Log", "Log1p", "Rsqrt", "Sqrt")]
    found.append(("steep", "LeakyRelu", {"features": x}, {"alpha": 0.75}))
    found.append(("integers", "Neg", {"x": whole(2, 3)}, {}))
    a, b = some(2, 3, 2), some(3, 1)
    c, d = whole(2, 3, 2), whole(3, 1)
    for name in (
        "Add",
        "AddV2",
        "Sub",
        "Mul",
        "RealDiv",
        "Div",
        "Maximum",
        "Minimum",
        "SquaredDifference",
        "FloorDiv",
        "FloorMod",
        "Equal",
        "NotEqual",
        "Less",
        "LessEqual",
        "Greater",
        "GreaterEqual",
    ):
        found.append(("", name, {"x": a, "y": b}, {}))
        if name != "RealDiv":
            found.append(("integers", name, {"x": c, "y": d}, {}))
    found += [
        ("integers", "TruncateDiv", {"x": c, "y": d}, {}),
        ("", "Atan2", {"y": some(2, 3), "x": some(2, 3)}, {}),
        ("", "Pow", {"x": above, "y": some(2, 3)}, {}),
        *(
            (str(power), "Pow", {"x": above, "y": number(power, np.float32)}, {})
            for power in (2, 3, 4, 0.5, -0.5, 1.5)
        ),
        ("", "DivNoNan", {"x": some(2, 3), "y": np.array([[1, 0, -2]], np.float32)}, {}),
        ("", "IsNan", {"x": np.array([1, np.nan, np.inf], np.float32)}, {}),
        ("", "LogicalNot", {"x": truth(2, 3)}, {}),
        ("", "LogicalAnd", {"x": truth(2, 3), "y": truth(3)}, {}),
        ("", "LogicalOr", {"x": truth(2, 3), "y": truth(3)}, {}),
        ("three", "AddN", {"inputs": [some(2, 2), some(2, 2), some(2, 2)]}, {}),
        ("two", "AddN", {"inputs": [some(2, 2), some(2, 2)]}, {}),
        ("one", "AddN", {"inputs": [some(2, 2)]}, {}),
        ("", "Select", {"condition": truth(2, 3), "x": some(2, 3), "y": some(2, 3)}, {}),
        ("rows", "Select", {"condition": truth(4), "x": some(4, 2), "y": some(4, 2)}, {}),
        ("", "SelectV2", {"condition": truth(2, 1), "t": some(3), "e": some(2, 3)}, {}),
        ("to int32", "Cast", {"x": some(2, 3)}, {"DstT": "DT_INT32"}),
        ("to bool", "Cast", {"x": some(2, 3)}, {"DstT": "DT_BOOL"}),
        ("to float", "Cast", {"x": whole(2, 3)}, {"DstT": "DT_FLOAT"}),
    ]
    return found


def dense() -> list[Case]:
    """Matrices and reductions."""
    x = some(2, 3, 2, 2)
    found: list[Case] = [
        (f"{name} kept" if keep else "", name, {"input": x, "axis": axes}, {"keep_dims": keep})
        for name in ("Mean", "Sum", "Prod", "Max", "Min")
        for keep, axes in ((False, numbers(1, -1)), (True, numbers(2)))
    ]
    return [
        *found,
        ("integers", "Sum", {"input": whole(2, 3), "axis": number(0)}, {"keep_dims": False}),
        ("", "All", {"input": truth(3, 4), "axis": numbers(1)}, {"keep_dims": False}),
        ("", "Any", {"input": truth(3, 4), "axis": numbers(0)}, {"keep_dims": True}),
        *(
            (
                f"{a:d}{b:d}",
                "MatMul",
                {"a": some(4, 2) if a else some(2, 4), "b": some(3, 4) if b else some(4, 3)},
                {"transpose_a": a, "transpose_b": b},
            )
            for a in (False, True)
            for b in (False, True)
        ),
        ("", "BatchMatMul", {"x": some(2, 3, 4), "y": some(2, 4, 2)}, {}),
        (
            "adjoint",
            "BatchMatMulV2",
            {"x": some(2, 4, 3), "y": some(1, 2, 4)},
            {"adj_x": True, "adj_y": True},
        ),
        *(
            (equation, "Einsum", {"inputs": [some(*a), some(*b)]}, {"equation": equation})
            for equation, a, b in (
                ("BTNH,BSNH->BNTS", (1, 3, 2, 4), (1, 5, 2, 4)),
                ("BNTS,BSNH->BTNH", (1, 2, 3, 5), (1, 5, 2, 4)),
                ("ab,bc->ac", (2, 3), (3, 4)),
                ("ab,cb->ca", (2, 3), (4, 3)),
                ("abc,cde->abde", (2, 3, 4), (4, 2, 3)),
                ("abcd,cde->abe", (1, 3, 2, 4), (2, 4, 3)),
                ("bi,bi->b", (3, 4), (3, 4)),
                ("bi,bj->bij", (2, 3), (2, 4)),
                ("i,j->ij", (3,), (4,)),
            )
        ),
        ("", "ArgMax", {"input": some(2, 4), "dimension": number(1)}, {"output_type": "DT_INT64"}),
        ("", "ArgMin", {"input": some(2, 4), "dimension": number(-2)}, {"output_type": "DT_INT32"}),
        ("", "TopKV2", {"input": np.array([[1, 3, 3, 2]], np.float32), "k": number(3)}, {}),
        ("", "Cumsum", {"x": some(2, 3), "axis": number(1)}, {}),
        (
            "back",
            "Cumsum",
            {"x": some(2, 3), "axis": number(0)},
            {"exclusive": True, "reverse": True},
        ),
    ]


def movement() -> list[Case]:
    """Moving elements."""
    x = some(2, 3, 4)
    edges = np.array([[1, 0], [0, 2], [1, 1]], np.int32)

    def strided(name: str, first: Any, behind: Any, strides: Any, **masks: int) -> Case:
        inputs = {"input": x, "begin": numbers(*first), "end": numbers(*behind)}
        attributes = {f"{mask}_mask": bits for mask, bits in masks.items()}
        return (name, "StridedSlice", inputs | {"strides": numbers(*strides)}, attributes)

    return [
        ("", "Reshape", {"tensor": x, "shape": numbers(4, -1)}, {}),
        ("all", "Squeeze", {"input": some(1, 3, 1)}, {"axis": []}),
        ("one", "Squeeze", {"input": some(1, 3, 1)}, {"axis": [-1]}),
        ("", "ExpandDims", {"input": x, "axis": number(-2)}, {}),
        ("", "Transpose", {"x": x, "perm": numbers(2, 0, 1)}, {}),
        ("", "ConcatV2", {"values": [some(2, 1), some(2, 3)], "axis": number(-1)}, {}),
        ("", "Concat", {"concat_dim": number(0), "values": [some(1, 2), some(3, 2)]}, {}),
        ("", "Pack", {"values": [some(2, 2), some(2, 2)]}, {"axis": 1}),
        ("", "Unpack", {"value": some(2, 3)}, {"num": 3, "axis": 1}),
        ("", "Split", {"axis": number(1), "value": some(2, 6)}, {"num_split": 2}),
        (
            "",
            "SplitV",
            {"value": some(2, 6), "size_splits": numbers(2, -1, 1), "axis": number(1)},
            {"num_split": 3},
        ),
        ("", "Slice", {"input": x, "begin": numbers(0, 1, 0), "size": numbers(2, -1, 3)}, {}),
        strided("plain", (0, 1, 1), (2, 3, 4), (1, 1, 2)),
        strided("backwards", (0, 2, -1), (2, 0, -5), (1, -1, -2)),
        strided("open", (1, 1, 1), (0, 0, 0), (1, -1, 1), begin=3, end=7),
        strided("ellipsis", (0, 1), (0, 2), (1, 1), ellipsis=1, shrink_axis=2),
        strided("new", (0, 0, -1), (0, 1, 0), (1, 1, 1), new_axis=1, shrink_axis=4),
        strided("short", (-1,), (2**31 - 1,), (1,)),
        ("", "Tile", {"input": some(2, 2), "multiples": numbers(2, 3)}, {}),
        ("", "BroadcastTo", {"input": some(2, 1), "shape": numbers(3, 2, 2)}, {}),
        ("", "Pad", {"input": x, "paddings": edges}, {}),
        (
            "",
            "PadV2",
            {"input": x, "paddings": edges, "constant_values": number(3, np.float32)},
            {},
        ),
        ("reflect", "MirrorPad", {"input": x, "paddings": edges}, {"mode": "REFLECT"}),
        ("symmetric", "MirrorPad", {"input": x, "paddings": edges}, {"mode": "SYMMETRIC"}),
        ("", "Gather", {"params": x, "indices": numbers(1, 0)}, {}),
        (
            "axis",
            "GatherV2",
            {"params": x, "indices": np.array([[0, 2], [1, 1]], np.int32), "axis": number(1)},
            {},
        ),
        (
            "batch",
            "GatherV2",
            {"params": x, "indices": np.array([[0, 2], [1, 1]], np.int32), "axis": number(2)},
            {"batch_dims": 1},
        ),
        ("", "GatherNd", {"params": x, "indices": np.array([[0, 1], [1, 2]], np.int32)}, {}),
        (
            "last",
            "OneHot",
            {
                "indices": numbers(0, 2, -1),
                "depth": number(3),
                "on_value": number(2, np.float32),
                "off_value": number(-1, np.float32),
            },
            {"axis": -1},
        ),
        (
            "first",
            "OneHot",
            {
                "indices": numbers(0, 2, 5),
                "depth": number(3),
                "on_value": number(1, np.float32),
                "off_value": number(0, np.float32),
            },
            {"axis": 0},
        ),
        ("", "ReverseV2", {"tensor": x, "axis": numbers(1)}, {}),
        ("two", "ReverseV2", {"tensor": x, "axis": numbers(-1, 1)}, {}),
        ("", "Shape", {"input": x}, {"out_type": "DT_INT32"}),
        ("", "Fill", {"dims": numbers(2, 3), "value": number(1.5, np.float32)}, {}),
        (
            "",
            "Range",
            {
                "start": number(1, np.float32),
                "limit": number(4, np.float32),
                "delta": number(0.5, np.float32),
            },
            {},
        ),
    ]
