"""A process that has TensorFlow started once, for the many small models of the corpus.

It does what the worker does for one request (`tflint.convert.tensorflow.worker.answer`), and before
that builds variants of the corpus, stores them and says what Keras answers. One process for each
Keras, as TensorFlow decides between them once.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from tests.conftest import ROOT
from tests.convert import corpus
from tflint.convert.request import Origin, OriginKind
from tflint.execution.frames import Array, Json, read_frame, write_frame
from tflint.execution.process import Ended

_SECONDS = 120
_END = {"event": "end of the answer"}


@dataclass(frozen=True)
class Made:
    """A variant as it was stored: where, its inputs, and what Keras answers to them.

    `samples` is an .npz of the inputs. Inputs are (count, *shape), outputs as well.
    """

    origin: Origin
    samples: Path
    names: tuple[str, ...]
    inputs: tuple[Array, ...]
    outputs: tuple[Array, ...]


class Keeper:
    """The process, started when it is first needed and again when it has died."""

    def __init__(self, keras: str) -> None:
        self._keras = keras
        self._process: subprocess.Popen[bytes] | None = None
        atexit.register(self.stop)

    def make(self, name: str, form: str, folder: Path) -> Made:
        """Store a variant as `keras`, `h5`, `saved_model` or `factory`."""
        head, arrays = self._ask({"make": name, "form": form, "folder": str(folder)})[-1]
        names, path = head["names"], Path(head["path"])
        samples = folder / f"{name}.npz"
        np.savez(samples, **dict(zip(names, arrays, strict=False)))
        kind = {"factory": OriginKind.FACTORY, "saved_model": OriginKind.SAVED_MODEL}
        origin = Origin(
            kind.get(form, OriginKind.ARCHIVE),
            path,
            path.name,
            factory="model" if form == "factory" else None,
            is_trusted=True,
        )
        count = len(names)
        return Made(origin, samples, tuple(names), tuple(arrays[:count]), tuple(arrays[count:]))

    def run_worker(
        self,
        module: str,
        request: Json,
        arrays: Sequence[Array] = (),
        limits: Any = None,
        on_frame: Callable[[Json], None] | None = None,
    ) -> Ended:
        """In place of `tflint.execution.process.run_worker`."""
        frames = self._ask({"request": dict(request)}, arrays)
        for head, _ in frames:
            if on_frame is not None:
                on_frame(head)
        return Ended(tuple(frames))

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _ask(self, head: Json, arrays: Sequence[Array] = ()) -> list[tuple[Json, list[Array]]]:
        if self._process is None or self._process.poll() is not None:
            self._process = self._start()
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        write_frame(process.stdin, head, arrays)
        frames: list[tuple[Json, list[Array]]] = []
        overdue = threading.Timer(_SECONDS, process.kill)
        overdue.start()
        try:
            while (frame := read_frame(process.stdout)) is not None:
                if frame[0] == _END:
                    if frames and "traceback" in frames[-1][0]:
                        raise AssertionError(frames[-1][0]["traceback"])
                    return frames
                frames.append(frame)
        finally:
            overdue.cancel()
        self.stop()
        raise AssertionError(f"TensorFlow ended at {head}: {[each for each, _ in frames]}")

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.convert.keeper", self._keras],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
                "TF_USE_LEGACY_KERAS": "1" if self._keras == "tf_keras" else "0",
                "TF_CPP_MIN_LOG_LEVEL": "3",
                "CUDA_VISIBLE_DEVICES": "",
            },
        )


def main(keras: str) -> None:
    """Answer until nobody asks any more."""
    import importlib
    import traceback

    # What libraries print must not get between the frames, and the worker closes its input.
    stdin, stdout = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    loaded = importlib.import_module(keras)
    while (asked := read_frame(stdin)) is not None:
        head, arrays = asked
        try:
            if "make" in head:
                _make(stdout, head["make"], head["form"], Path(head["folder"]))
            else:
                from tflint.convert.tensorflow.worker import answer

                for frame, sent in answer(head["request"], arrays):
                    write_frame(stdout, frame, sent)
        except BaseException:
            write_frame(stdout, {"traceback": traceback.format_exc()})
        loaded.backend.clear_session()
        write_frame(stdout, _END)


def _make(stdout: IO[bytes], name: str, form: str, folder: Path) -> None:
    import tensorflow as tf

    chosen = corpus.variant(name)
    model = corpus.build(name)
    inputs = corpus.samples(model, chosen.network) if chosen.network.has_answers else []
    # One at a time: a network may mix what is in a batch.
    answers = [
        tf.nest.flatten(answer(model, [values[i : i + 1] for values in inputs]))
        for i in range(len(inputs[0]) if inputs else 0)
    ]
    outputs = [
        np.concatenate([np.asarray(each) for each in column])
        for column in zip(*answers, strict=True)
    ]
    origin = folder / name
    if form == "factory":
        origin = folder / f"{name.replace('-', '_')}.py"
        text = f"def model():\n    return build({name!r})\n"
        origin.write_text(f"from tests.convert.corpus import build\n\n\n{text}", "utf-8")
    elif form == "saved_model":
        if chosen.keras == "keras":
            model.export(str(origin), verbose=False)
        else:
            model.save(str(origin), save_format="tf")
    else:
        origin = folder / f"{name}.{form}"
        model.save(str(origin))
    head = {
        "path": str(origin),
        "names": [each.name for each in corpus.inputs_of(model, chosen.network)] if inputs else [],
    }
    write_frame(stdout, head, [*inputs, *outputs])


def answer(model: Any, values: Sequence[Array]) -> Any:
    """What Keras says, where its kernels can: those for channels_first are XLA's on a CPU.

    State of recurrent layers is as in the beginning.
    """
    import tensorflow as tf

    for layer in model.layers:
        if getattr(layer, "stateful", False):
            (getattr(layer, "reset_states", None) or layer.reset_state)()

    def called(*tensors: Any) -> Any:
        return corpus.call(model, tensors)

    tensors = [tf.constant(each) for each in values]
    try:
        return called(*tensors)
    except Exception:
        return tf.function(called, jit_compile=True)(*tensors)


if __name__ == "__main__":
    main(sys.argv[1])
