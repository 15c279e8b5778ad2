"""The table of ways out is held against TensorFlow: each first form needs more than builtins, each
way converts to builtins alone and computes the same.
"""

from __future__ import annotations

import base64
import functools
import re
from fnmatch import fnmatchcase

import pytest

from tests.tensorflow_runs import run_with_tensorflow
from tflint.convert.builtin_ways import Example, Way, way_of, ways
from tflint.convert.request import Needed, Place, Support
from tflint.model.graph import graphs
from tflint.model.reader import parse_model
from tflint.model.schema import BUILTIN_OPERATORS
from tflint.target.runtime import load_runtime

_SCRIPT = """
import base64, json, sys
import numpy as np, tensorflow as tf

def converted(function, spec, select):
    owner = tf.Module()
    owner.f = tf.function(function, autograph=False)
    concrete = owner.f.get_concrete_function(spec)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete], owner)
    if select:
        converter.target_spec.supported_ops = [
            tf.lite.OpsSet.TFLITE_BUILTINS, tf.lite.OpsSet.SELECT_TF_OPS]
        converter.allow_custom_ops = True
    return converter.convert()

found = []
for case in json.load(sys.stdin):
    x = np.random.default_rng(7).uniform(case["low"], case["high"], case["shape"]).astype("f")
    spec = tf.TensorSpec(case["shape"], tf.float32)
    def after(x):
        names = {"tf": tf, "np": np, "x": x}
        exec(case["setup"], names)
        exec(case["code"], names)
        return eval(case["after"], names)
    def before(x):
        return eval(case["before"], {"tf": tf, "np": np, "x": x})
    one = {}
    try:
        one["before"] = base64.b64encode(converted(before, spec, True)).decode()
        data = converted(after, spec, False)
        one["after"] = base64.b64encode(data).decode()
        interpreter = tf.lite.Interpreter(model_content=data)
        interpreter.allocate_tensors()
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], x)
        interpreter.invoke()
        got = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
        try:
            wanted = np.asarray(before(tf.constant(x)))
        except tf.errors.NotFoundError:  # no kernel for channels_first, but for XLA
            wanted = np.asarray(tf.function(before, jit_compile=True)(tf.constant(x)))
        one["shapes"] = [list(wanted.shape), list(got.shape)]
        one["error"] = float(np.abs(got - wanted).max()) if got.shape == wanted.shape else None
        one["size"] = float(np.abs(wanted).max())
    except Exception as error:
        one["failed"] = f"{type(error).__name__}: {error}"[:1500]
    found.append(one)
print(json.dumps(found))
"""
_EXAMPLES = [(way, example) for way in ways() for example in way.examples]
_IDS = [re.sub(r"[^\w.]+", "-", example.before)[:60] for _, example in _EXAMPLES]


@functools.cache
def _runs() -> list[dict]:  # type: ignore[type-arg]
    cases = [
        {
            "before": example.before,
            "after": example.after,
            "setup": example.setup,
            "code": way.code,
            "shape": example.shape,
            "low": example.low,
            "high": example.high,
        }
        for way, example in _EXAMPLES
    ]
    return run_with_tensorflow(_SCRIPT, cases, timeout=900)  # type: ignore[no-any-return]


def _operators(encoded: str) -> set[str]:
    model = parse_model(base64.b64decode(encoded))
    return {node.name for graph in graphs(model) for node in graph.nodes}


@pytest.mark.slow
@pytest.mark.parametrize(("way", "example"), _EXAMPLES, ids=_IDS)
def test_a_way_needs_builtins_alone_and_computes_the_same(way: Way, example: Example) -> None:
    run = _runs()[_EXAMPLES.index((way, example))]
    assert "failed" not in run, run.get("failed")
    runtime = load_runtime("tflm")
    # What is no builtin, and builtins that TFLM has no kernel for.
    needed = {
        name.removeprefix("Flex")
        for name in _operators(run["before"])
        if runtime.kernel(name) is None
    }
    assert any(fnmatchcase(name, pattern) for name in needed for pattern in way.operators), needed
    used = _operators(run["after"])
    assert not [name for name in used if name != name.upper()], used
    assert run["error"] is not None, run["shapes"]
    assert run["error"] <= example.tolerance * max(run["size"], 1.0)
    if example.is_tflm:
        assert not [name for name in used if runtime.kernel(name) is None]


# Operators that single layers and functions of TensorFlow 2.21 came to which TFLite has no builtin
# for, in this form or at all.
MET = """
    Acos Acosh AddV2 AdjustContrastv2 AdjustHue AdjustSaturation Angle AsString Asin Asinh
    Assert AssignVariableOp Atan Atanh AudioSpectrogram AvgPool3D BesselI0 BesselI1e BesselJ0
    Betainc Bincount BitwiseAnd BitwiseOr CTCBeamSearchDecoder CTCGreedyDecoder CTCLoss Case
    CheckNumerics Cholesky CombinedNonMaxSuppression Complex Conj Conv2DBackpropFilter
    Conv3DBackpropInputV2 Cosh CropAndResize Cross CudnnRNNV3 Cumprod CumulativeLogsumexp
    DecodeJpeg DecodePng DecodeRaw DenseBincount DepthToSpace DepthwiseConv2dNative Diag Digamma
    Dilation2D DrawBoundingBoxesV2 DynamicPartition DynamicStitch EagerPyFunc Eig Einsum
    EncodePng Erf Erfc Erfinv EuclideanNorm Exp ExtractGlimpseV2 ExtractImagePatches
    ExtractVolumePatches FFT FFT2D FFT3D FakeQuantWithMinMaxVarsPerChannel FloorDiv
    FractionalAvgPool FractionalMaxPool FusedBatchNormV3 HSVToRGB HashTableV2
    HistogramFixedWidth IFFT IFFT2D IFFT3D IRFFT IRFFT2D IRFFT3D If Igamma Igammac
    ImageProjectiveTransformV3 InTopKV2 Invert IsotonicRegression IteratorGetNext LeftShift
    LinSpace ListDiff LogMatrixDeterminant LookupTableFindV2 LookupTableImportV2
    LookupTableSizeV2 LowerBound Lu MatMul MatrixBandPart MatrixDeterminant MatrixDiagPartV3
    MatrixExponential MatrixInverse MatrixLogarithm MatrixSetDiagV3 MatrixSolve MatrixSquareRoot
    MatrixTriangularSolve MaxPool3D MaxPoolWithArgmax Mfcc Mod Mul Multinomial
    MutableHashTableV2 Ndtri NextAfter NonMaxSuppressionV5 NthElement Pad
    ParameterizedTruncatedNormal ParseTensor Polygamma PopulationCount Print PrintV2 PyFunc Qr
    QuantizeAndDequantizeV4 RFFT3D RGBToHSV RaggedTensorToSparse RaggedTensorToTensor
    RandomGamma RandomPoissonV2 RandomShuffle ReadVariableOp ReluGrad ResizeArea ResizeBicubic
    ResourceGather Roll ScaleAndTranslate SegmentMax SegmentMean SegmentMin SegmentProd
    SegmentSum SelfAdjointEigV2 Sinh SpaceToDepth SparseFillEmptyRows SparseReshape
    SparseSegmentSum SparseTensorDenseMatMul SparseToDense SparseToSparseSetOperation Sqrt
    StatefulPartitionedCall StatelessRandomGetKeyCounter StatelessRandomNormalV2
    StatelessRandomUniformV2 StatelessShuffle StaticRegexReplace StridedSlice StringJoin
    StringLength StringLower StringSplit StringSplitV2 StringToHashBucketFast StringToNumber
    Substr Svd Tan TensorListFromTensor TensorListGetItem TensorListReserve TensorListSetItem
    TensorListStack TensorScatterMax TridiagonalMatMul TridiagonalSolve TruncatedNormal
    UnicodeDecode UniqueV2 UniqueWithCounts While Zeta
""".split()  # noqa: SIM905


@pytest.mark.parametrize("name", MET)
def test_operators_that_users_meet_have_a_way_of_their_own(name: str) -> None:
    general = way_of(Needed("NeverHeardOf", Support.SELECT))
    found = way_of(Needed(name, Support.SELECT, Place("layer", "Lambda")))
    assert found
    assert found != general


def test_special_ways_come_before_general_ones() -> None:
    """Every entry is the first for one of its operators: none is hidden by those before it."""
    for place, way in enumerate(ways()):
        before = [
            other
            for other in ways()[:place]
            if not (other.layers or other.types or other.says or other.framework)
        ]
        assert any(
            not any(fnmatchcase(name, pattern) for other in before for pattern in other.operators)
            for name in way.operators
        ), way


@pytest.mark.slow
def test_operators_are_spelled_as_tensorflow_has_them() -> None:
    names = {name for way in ways() for name in way.operators} | set(MET)
    plain = sorted(
        name for name in names if name.isalnum() and name != name.upper() and name[0].isupper()
    )
    script = """
import json, sys
import tensorflow as tf
print(json.dumps([name for name in json.load(sys.stdin) if not hasattr(tf.raw_ops, name)]))
"""
    assert run_with_tensorflow(script, plain) == []


def test_builtins_are_spelled_as_tflite_has_them() -> None:
    for way in ways():
        for name in way.operators:
            is_tensorflow = "FFT" in name and name != "RFFT2D"
            is_tensorflow |= name in ("*", "LRN", "*TPU*")
            if name == name.upper() and not is_tensorflow:
                assert any(fnmatchcase(known, name) for known in BUILTIN_OPERATORS), name


def test_what_is_shown_fits_a_terminal() -> None:
    for way in ways():
        assert way.text == way.text.strip()
        assert "\n" not in way.text
        assert all(len(line) <= 100 for line in way.code.splitlines()), way.operators
        assert len(way.code.splitlines()) <= 20
