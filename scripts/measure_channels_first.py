"""Write `channels_first.json`: what the TFLite converter does with channels_first Keras layers.

Run it where TensorFlow and tf-keras are installed. Each layer is built alone, in both formats, with
batch 1 and with the batch left open, and converted with the built-in operators only, by Keras 3
and by tf-keras. A converter that aborts is noted like one that raises.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FACTS = ROOT / "rules" / "tflint_rules" / "layout" / "channels_first.json"
FORMATS = ("channels_first", "channels_last")
BATCHES = (1, None)
SEQUENCE, IMAGE, VOLUME = (8, 32), (8, 16, 16), (8, 8, 8, 8)

# Layer, what it is given beside data_format, its input without the batch.
CASES: list[tuple[str, dict[str, Any], tuple[int, ...]]] = [
    *(
        (f"Conv{rank}D", {"filters": 8, "kernel_size": 3, **more}, shape)
        for rank, shape in ((1, SEQUENCE), (2, IMAGE), (3, VOLUME))
        for more in (
            {},
            {"padding": "same"},
            {"strides": 2},
            {"dilation_rate": 2},
            {"groups": 2},
            {"activation": "relu"},
            {"kernel_size": 1},
        )
    ),
    *(
        (f"Conv{rank}DTranspose", {"filters": 8, "kernel_size": 3, **more}, shape)
        for rank, shape in ((1, SEQUENCE), (2, IMAGE), (3, VOLUME))
        for more in ({}, {"padding": "same"}, {"strides": 2})
    ),
    *(
        (f"DepthwiseConv{rank}D", {"kernel_size": 3, **more}, shape)
        for rank, shape in ((1, SEQUENCE), (2, IMAGE))
        for more in (
            {},
            {"padding": "same"},
            {"strides": 2},
            {"depth_multiplier": 2},
            {"dilation_rate": 2},
        )
    ),
    *(
        (f"SeparableConv{rank}D", {"filters": 8, "kernel_size": 3, **more}, shape)
        for rank, shape in ((1, SEQUENCE), (2, IMAGE))
        for more in ({}, {"padding": "same"}, {"strides": 2})
    ),
    *(
        (f"{kind}Pooling{rank}D", {"pool_size": 2, **more}, shape)
        for kind in ("Max", "Average")
        for rank, shape in ((1, SEQUENCE), (2, IMAGE), (3, VOLUME))
        for more in ({}, {"padding": "same"})
    ),
    *(
        (f"Global{kind}Pooling{rank}D", more, shape)
        for kind in ("Max", "Average")
        for rank, shape in ((1, SEQUENCE), (2, IMAGE), (3, VOLUME))
        for more in ({}, {"keepdims": True})
    ),
    ("ZeroPadding1D", {"padding": 1}, SEQUENCE),
    ("ZeroPadding2D", {"padding": 1}, IMAGE),
    ("ZeroPadding3D", {"padding": 1}, VOLUME),
    ("Cropping2D", {"cropping": 1}, IMAGE),
    ("Cropping3D", {"cropping": 1}, VOLUME),
    ("UpSampling2D", {"size": 2}, IMAGE),
    ("UpSampling2D", {"size": 2, "interpolation": "bilinear"}, IMAGE),
    ("UpSampling3D", {"size": 2}, VOLUME),
    ("Flatten", {}, IMAGE),
    ("SpatialDropout2D", {"rate": 0.5}, IMAGE),
    ("SpatialDropout3D", {"rate": 0.5}, VOLUME),
    ("Resizing", {"height": 8, "width": 8}, IMAGE),
    ("CenterCrop", {"height": 8, "width": 8}, IMAGE),
    ("ConvLSTM1D", {"filters": 4, "kernel_size": 3}, (2, *SEQUENCE)),
    ("ConvLSTM2D", {"filters": 4, "kernel_size": 3}, (2, *IMAGE)),
    ("ConvLSTM3D", {"filters": 4, "kernel_size": 3}, (2, *VOLUME)),
]


def convert(
    layer: str, more: dict[str, Any], shape: tuple[int, ...], data_format: str, batch: int | None
) -> dict[str, Any]:
    """What becomes of one layer: its operators, or what failed and how."""
    import tensorflow as tf

    sys.path.insert(0, str(ROOT))
    from tflint.model.graph import graphs
    from tflint.model.reader import parse_model

    keras = tf.keras
    if data_format == "channels_last":
        before = shape[:1] if layer.startswith("ConvLSTM") else ()
        channels, *spatial = shape[len(before) :]
        shape = (*before, *spatial, channels)
    try:
        x = keras.Input(shape, batch_size=batch)
        built = getattr(keras.layers, layer)(**more, data_format=data_format)
        model = keras.Model(x, built(x))
    except Exception as error:
        return {"outcome": "not built", "says": said(error)}
    try:
        data = tf.lite.TFLiteConverter.from_keras_model(model).convert()
    except Exception as error:
        return {"outcome": "raises", "says": said(error)}
    operators = [node.name for graph in graphs(parse_model(data)) for node in graph.nodes]
    return {"outcome": "converts", "operators": operators}


def said(error: Exception) -> str:
    """What an exception says of the operator that it is about, in one line."""
    text = str(error)
    found = re.search(r"'tfl?\.[A-Za-z0-9]+' op [^\n]*", text)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return f"{type(error).__name__}: {found[0] if found else lines[0] if lines else ''}"[:200]


def worker(first: int) -> None:
    """Convert the cases from the given one on, a line of JSON each."""
    for layer, more, shape in CASES[first:]:
        found = {
            f"{data_format}, batch {'open' if batch is None else batch}": convert(
                layer, more, shape, data_format, batch
            )
            for data_format in FORMATS
            for batch in BATCHES
        }
        print("@" + json.dumps(found), flush=True)


def measure(legacy: bool) -> list[dict[str, Any]]:
    """The outcomes of all cases; a process that dies is started again behind its case."""
    environment = dict(
        os.environ,
        TF_USE_LEGACY_KERAS="1" if legacy else "0",
        TF_CPP_MIN_LOG_LEVEL="3",
        CUDA_VISIBLE_DEVICES="-1",
    )
    found: list[dict[str, Any]] = []
    while len(found) < len(CASES):
        done = subprocess.run(
            [sys.executable, __file__, str(len(found))],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            check=False,
        )
        found += [json.loads(line[1:]) for line in done.stdout.splitlines() if line[:1] == "@"]
        if done.returncode and len(found) < len(CASES):
            found.append({"all": {"outcome": "aborts", "says": f"exit code {done.returncode}"}})
    return found


def main() -> None:
    """Measure with both and write the table, a case a line."""
    from importlib.metadata import version

    tables = {"keras": measure(legacy=False), "tf_keras": measure(legacy=True)}
    head: dict[str, Any] = {
        "made_by": "scripts/measure_channels_first.py",
        "versions": {name: version(name) for name in ("tensorflow", "keras", "tf_keras")},
        "conversion": "from_keras_model, TFLITE_BUILTINS, no optimisations",
    }
    rows = [
        {"layer": layer, "arguments": more, "input": shape}
        | {home: table[number] for home, table in tables.items()}
        for number, (layer, more, shape) in enumerate(CASES)
    ]
    lines = ",\n".join(json.dumps(row) for row in rows)
    text = json.dumps(head, indent=1).removesuffix("\n}") + f',\n "cases": [\n{lines}\n]}}\n'
    FACTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        worker(int(sys.argv[1]))
    else:
        main()
