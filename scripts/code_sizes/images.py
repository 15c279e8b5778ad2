"""The measured images: which kernels each holds, and its bytes for each library.

An image is TFLM linked for a model (`m_*`), for one kernel (`op_*`) or for none; its flash is
text, constants and initial data, the model left out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# The columns of the measurement and the runtimes of tflint.
LIBRARIES = {"tflm": "flash_ref", "tflm-cmsis-nn": "flash_cmsis"}
LOGS = "flash_ref_logs"
CORE = "core_no_ops"

# A kernel in an image that nothing tells the name of. It has no kernel in CMSIS-NN.
OTHER = "?"

# The kernels of the images of models, where they are known: read from the model; from the
# tests that link them in tensorflow/lite/micro (audio_preprocessor_test.cc, dtln_test.cc,
# keyword_benchmark.cc and the LSTM trained on MNIST); or, for quantised models with float
# inputs and outputs, those of the model without QUANTIZE and DEQUANTIZE. That there are as
# many is seen from the .bss of an image, which grows by 36 bytes a kernel.
_AUDIO = (
    "RESHAPE CAST STRIDED_SLICE CONCATENATION MUL SignalWindow SignalFftAutoScale SignalRfft "
    "SignalEnergy SignalFilterBank SignalFilterBankSquareRoot "
    "SignalFilterBankSpectralSubtraction SignalPCAN SignalFilterBankLog"
)
_KWS = "AVERAGE_POOL_2D CONV_2D DEPTHWISE_CONV_2D FULLY_CONNECTED RESHAPE SOFTMAX"
_RESNET = "ADD AVERAGE_POOL_2D CONV_2D FULLY_CONNECTED RESHAPE SOFTMAX"
MODELS = {
    "m_hello_world_int8": "FULLY_CONNECTED",
    "m_models__simple_add_model": "ADD",
    "m_model__model_ToyCar_quant_fullint": "FULLY_CONNECTED QUANTIZE DEQUANTIZE",
    "m_micro_speech_quantized": "DEPTHWISE_CONV_2D FULLY_CONNECTED RESHAPE SOFTMAX",
    "m_person_detect": "AVERAGE_POOL_2D CONV_2D DEPTHWISE_CONV_2D RESHAPE SOFTMAX",
    "m_mlperf_kws_int8": _KWS,
    "m_mlperf_resnet_int8": _RESNET,
    "m_trained_models__pretrainedResnet_quant": _RESNET + " QUANTIZE DEQUANTIZE",
    "m_trained_models__vww_96_int8": _KWS + " QUANTIZE DEQUANTIZE",
    "m_CarSensor__no_quant": "ADD CONV_2D EXPAND_DIMS FULLY_CONNECTED LOGISTIC MAX_POOL_2D "
    "REDUCE_MAX RELU SQUEEZE",
    "m_KeywordSpotting__no_quant": "CONV_2D FULLY_CONNECTED LOGISTIC MAX_POOL_2D RESHAPE",
    "m_MotionSense__no_quant": "CONV_2D FULLY_CONNECTED MAX_POOL_2D RESHAPE SOFTMAX",
    "m_MusicClassifier__reduced_no_quant": "ADD CONV_2D FULLY_CONNECTED MAX_POOL_2D MUL RESHAPE "
    "SOFTMAX",
    "m_mnist_lstm": "FULLY_CONNECTED RESHAPE SOFTMAX UNIDIRECTIONAL_SEQUENCE_LSTM",
    "m_dtln__dtln_noise_suppression": "FULLY_CONNECTED LOGISTIC UNIDIRECTIONAL_SEQUENCE_LSTM",
    "m_models__audio_preprocessor_float": _AUDIO,
    "m_models__audio_preprocessor_int8": _AUDIO + " ADD DIV MINIMUM MAXIMUM",
    "m_keyword_scrambled": f"FULLY_CONNECTED QUANTIZE SOFTMAX SVDF {OTHER}",
}

# Images of CMSIS-NN whose kernels are registered by `Register_..._INT8()`.
INT8_MODELS = {
    "m_hello_world_int8__int8reg": "FULLY_CONNECTED",
    "m_kws_int8__int8reg": "AVERAGE_POOL_2D CONV_2D DEPTHWISE_CONV_2D FULLY_CONNECTED SOFTMAX",
}

# What AddFilterBankSpectralSubtraction registers; tflm-operators.json leaves it out.
_MISSING_NAMES = {"AddFilterBankSpectralSubtraction": "SignalFilterBankSpectralSubtraction"}


@dataclass(frozen=True, slots=True)
class Measured:
    """Bytes by runtime: `core` without kernels, `added` by a kernel alone, `models`.

    `calls` are the resolver's by operator. `type_names` and `libm_data` are the kernels that
    bring the table of type names (256 bytes of constants) and the data of libm (96 or more).
    """

    core: Mapping[str, int]
    added: Mapping[str, Mapping[str, int]]
    models: Mapping[str, Mapping[frozenset[str], int]]
    int8_models: Mapping[frozenset[str], int]
    with_logs: Mapping[frozenset[str], int]
    calls: Mapping[str, str]
    type_names: frozenset[str]
    libm_data: frozenset[str]
    commit: str


def read(folder: Path) -> Measured:
    """The measurement from `tflm-flash.json` and `tflm-operators.json` in this folder."""
    measurement = json.loads((folder / "tflm-flash.json").read_text(encoding="utf-8"))
    known = json.loads((folder / "tflm-operators.json").read_text(encoding="utf-8"))
    names = {c: n.get("builtin") or n["custom"] for c, n in known["resolver_calls"].items()}
    names |= _MISSING_NAMES
    images: dict[str, dict[str, dict[str, Any]]] = measurement["images"]
    reference = images[LIBRARIES["tflm"]]
    # Without the driver of an Ethos-U, AddEthosU registers nothing.
    calls = {names[c]: c for c in names if f"op_{c}" in reference and c != "AddEthosU"}
    sets = {frozenset(text.split()): name for name, text in MODELS.items()}
    flash = {
        runtime: {name: image["flash"] for name, image in images[column].items()}
        for runtime, column in LIBRARIES.items()
    }

    def holding(column: str, bytes_: int) -> frozenset[str]:
        least = reference[CORE][column] + bytes_
        return frozenset(n for n, c in calls.items() if reference[f"op_{c}"][column] >= least)

    return Measured(
        core={runtime: sizes[CORE] for runtime, sizes in flash.items()},
        added={
            runtime: {name: sizes[f"op_{call}"] - sizes[CORE] for name, call in calls.items()}
            for runtime, sizes in flash.items()
        },
        models={
            runtime: {kernels: sizes[name] for kernels, name in sets.items()}
            for runtime, sizes in flash.items()
        },
        int8_models={
            frozenset(text.split()): images[LIBRARIES["tflm-cmsis-nn"]][name]["flash"]
            for name, text in INT8_MODELS.items()
        },
        with_logs={
            **{kernels: images[LOGS][name]["flash"] for kernels, name in sets.items()},
            frozenset(): images[LOGS][CORE]["flash"],
        },
        calls=calls,
        type_names=holding("rodata", 256),
        libm_data=holding("data", 96),
        commit=measurement["commit"],
    )
