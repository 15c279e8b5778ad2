"""The process that has TensorFlow: trains one network, and leaves it as a `.keras` file."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

from tflint.atomic_file import write_files
from tflint.convert.out_of_memory import is_out_of_memory
from tflint.errors import TflintError
from tflint.execution.frames import Array, Json
from tflint_reference_models.training.job import NETWORK, Job, TrainingFailed
from tflint_reference_models.training.keras_file import reproducible


def answer(request: Json, arrays: Sequence[Array]) -> Iterator[tuple[Json, Sequence[Array]]]:
    """Train what a request names.

    Frames of the event `progress`; the last has `trained`, or what is wrong, with the reason:
    `refused` of what the user has given, `failed` of the training, `memory`.
    """
    steps = _steps(Job.from_json(request))
    while True:
        try:
            text = next(steps)
        except StopIteration as ended:
            yield {"event": "trained", **ended.value}, ()
            return
        except TrainingFailed as error:
            yield {"event": "failed", "reason": str(error)}, ()
            return
        except TflintError as error:
            yield {"event": "refused", "reason": str(error)}, ()
            return
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            yield {"event": "memory", "reason": "the training ran out of memory"}, ()
            return
        yield {"event": "progress", "text": text}, ()


def _steps(job: Job) -> Generator[str, None, Json]:
    yield "starting TensorFlow"
    try:
        _prepare(job.threads)
        import keras
    except ImportError as error:
        raise TrainingFailed(f"TensorFlow is installed, but cannot be imported: {error}") from error
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
    # Without its optimiser, and with names that are numbered from the beginning.
    weights = model.get_weights()
    keras.utils.clear_session()
    keras.utils.set_random_seed(job.seed)
    plain = network.build()
    plain.set_weights(weights)
    # Keras tells formats apart by their suffix.
    draft = folder / f"draft-{NETWORK}"
    plain.save(draft)
    write_files([(folder / NETWORK, reproducible(draft))])
    return {"threshold": threshold, "parameters": plain.count_params()}


def _prepare(threads: int) -> None:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ["CUDA_VISIBLE_DEVICES"] = ""  # Sums come out differently on a GPU.
    os.environ["KERAS_BACKEND"] = "tensorflow"
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.experimental.enable_op_determinism()
