"""The process that has TensorFlow: trains one network, and leaves it as a `.keras` file."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

from tflint.errors import TflintError
from tflint.execution.frames import Array, Json
from tflint_reference_models.training.job import NETWORK, Job


def answer(request: Json, arrays: Sequence[Array]) -> Iterator[tuple[Json, Sequence[Array]]]:
    """Train what a request names.

    Frames of the event `progress`; the last has `trained`, or `refused` with the reason.
    """
    steps = _steps(Job.from_json(request))
    while True:
        try:
            text = next(steps)
        except StopIteration as ended:
            yield {"event": "trained", **ended.value}, ()
            return
        except (TflintError, MemoryError) as error:
            yield {"event": "refused", "reason": str(error) or "it ran out of memory"}, ()
            return
        yield {"event": "progress", "text": text}, ()


def _steps(job: Job) -> Generator[str, None, Json]:
    yield "starting TensorFlow"
    _prepare(job.threads)
    from tflint_reference_models.training.loop import answers, decide_at, trained

    yield "reading recordings"
    network = job.trained
    folder = Path(job.state)
    task = network.task(Path(job.folder), job.fold, job.seed)
    model = yield from trained(network.build, network.recipe, task, job.seed, folder)
    threshold = None
    if network.operating_point is not None:
        scores = answers(model, task.validation.inputs)[:, 0]
        threshold = float(network.operating_point(scores, task.validation.labels))
        decide_at(model, threshold)
    # Without the optimiser, which is most of the file.
    plain = network.build()
    plain.set_weights(model.get_weights())
    # Keras tells formats apart by their suffix.
    draft = folder / f"draft-{NETWORK}"
    plain.save(draft)
    os.replace(draft, folder / NETWORK)
    return {"threshold": threshold, "parameters": plain.count_params()}


def _prepare(threads: int) -> None:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ["CUDA_VISIBLE_DEVICES"] = ""  # Sums come out differently on a GPU.
    os.environ["KERAS_BACKEND"] = "tensorflow"
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.experimental.enable_op_determinism()
