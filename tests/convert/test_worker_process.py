"""The conversation with the worker: what it sends arrives, and how it ends is told in a line."""

from __future__ import annotations

import importlib.util
import io
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tflint.convert import worker_process
from tflint.convert.request import (
    Attempt,
    Needed,
    Network,
    Origin,
    OriginKind,
    Place,
    Port,
    Rebuilt,
    Request,
    Support,
)
from tflint.convert.tensorflow import worker
from tflint.convert.worker_process import Converted, SourceRefused, convert
from tflint.errors import HostFailed, MissingExtra, TflintError, UsageError
from tflint.execution.frames import read_frame, write_frame
from tflint.execution.process import Ended, Limits
from tflint.fix.proof.samples import Samples

posix = pytest.mark.skipif(os.name != "posix", reason="signals and limits are POSIX'")
SMALL = Limits(seconds=30, memory_bytes=2 << 30)
Fake = Callable[[str], None]


def request(name: str) -> Request:
    return Request(Origin(OriginKind.ARCHIVE, Path(f"/{name}.keras"), f"{name}.keras"))


@pytest.fixture
def rigged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_process, "_WORKER", "tests.convert.rigged_worker")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    """Puts a package called `tensorflow` with this code first on the path."""

    def put(code: str) -> None:
        (tmp_path / "tensorflow").mkdir()
        (tmp_path / "tensorflow" / "__init__.py").write_text(code)
        monkeypatch.syspath_prepend(str(tmp_path))

    return put


def failure(name: str, limits: Limits = SMALL) -> TflintError:
    with pytest.raises(TflintError) as caught:
        convert(request(name), limits)
    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)
    return caught.value


@pytest.mark.usefixtures("rigged")
def test_what_takes_its_time_is_told() -> None:
    heard: list[str] = []

    with pytest.raises(SourceRefused):
        convert(request("refused"), SMALL, heard.append)

    assert heard == ["starting TensorFlow", "converting"]


@posix
@pytest.mark.usefixtures("rigged")
@pytest.mark.parametrize(
    ("name", "kind", "says"),
    [
        ("refused", SourceRefused, "it holds no \\x1b[31m network"),
        ("killed", HostFailed, "failed while converting: it was killed (SIGKILL)"),
        ("memory", HostFailed, "ran out of memory (limit 2 GiB) while converting"),
        ("raises", HostFailed, "RuntimeError: a defect \\x1b[31m of tflint"),
        ("ends", HostFailed, "failed while converting: it ended early"),
    ],
)
def test_every_end_is_told_in_a_line(name: str, kind: type[TflintError], says: str) -> None:
    error = failure(name)

    assert type(error) is kind
    assert says in str(error)
    assert error.exit_code == 2


@pytest.mark.usefixtures("rigged")
def test_a_worker_that_hangs_is_ended(tmp_path: Path) -> None:
    hangs = Request(Origin(OriginKind.ARCHIVE, tmp_path / "hangs.keras", "hangs.keras"))
    started = time.monotonic()

    with pytest.raises(HostFailed, match=r"longer than 2 s .* while converting: see --time-limit"):
        convert(hangs, Limits(seconds=2))

    assert time.monotonic() - started < 15  # seconds


def test_without_tensorflow_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)

    with pytest.raises(MissingExtra, match=r"tflint\[convert\]"):
        convert(request("any"))


@pytest.mark.parametrize(
    ("code", "kind", "says"),
    [
        (
            "raise ImportError('libx.so: undefined symbol')",
            UsageError,
            "cannot be imported: ImportError: libx.so: undefined symbol",
        ),
        ("import nothing_of_the_kind", UsageError, "No module named 'nothing_of_the_kind'"),
        ("x = (", UsageError, "cannot be imported: SyntaxError"),
        ("", UsageError, "is not TensorFlow"),
        ("raise MemoryError", HostFailed, "ran out of memory"),
        ("raise OSError('Cannot allocate memory')", HostFailed, "ran out of memory"),
        pytest.param(
            "import os; os.write(2, b'I0000 00:00 port.cc] noise\\n'); os.abort()",
            HostFailed,
            "failed while starting TensorFlow: it crashed (SIGABRT)",
            marks=posix,
        ),
        pytest.param(
            "import os; os.write(2, b'what():  std::bad_alloc\\n'); os.abort()",
            HostFailed,
            "ran out of memory",
            marks=posix,
        ),
        ("import os; print('last words', flush=True); os._exit(3)", HostFailed, "(last words)"),
        ("import sys; sys.exit(3)", HostFailed, "failed while starting TensorFlow"),
        ("x = [0]\nwhile True: x += x", HostFailed, "ran out of memory (limit 2 GiB)"),
    ],
)
def test_a_tensorflow_that_does_not_work(
    code: str, kind: type[TflintError], says: str, fake: Fake
) -> None:
    fake(code)

    error = failure("any")

    assert says in str(error)
    assert type(error) is kind
    assert "I0000" not in str(error)


def test_what_is_printed_does_not_get_between_the_frames(fake: Fake) -> None:
    fake('import os; os.write(1, b\'{"event": "refused", "arrays": []}\\n\'); print(\'noise\')')

    assert "is not TensorFlow" in str(failure("any"))


def test_nobody_is_asked(fake: Fake) -> None:
    fake("raise ImportError(f'{input()}')")

    assert "EOFError" in str(failure("any"))


CONVERTED = Converted(
    Network(
        "keras 3.15.1",
        (Port("x", (None, 1, 4, 4), "float32", (0, 2, 3, 1)), Port("n", (), "int32")),
        (Port("y", (1, 2), "float32"),),
        (Rebuilt("channels_last", ("conv", "pool")),),
        ("a note",),
        {"conv": Place("conv", "Conv2D", "net.py", 4), "pool": Place("pool")},
        source_refusal="it builds another network",
    ),
    (
        Attempt(
            Support.BUILTIN,
            "no",
            (Needed("Erfinv", Support.SELECT, Place("conv"), 2, "of a kind"),),
        ),
        Attempt(Support.SELECT),
    ),
    b"model",
    b"quantized",
    Samples(
        (np.ones((2, 1, 1, 4, 4), np.float32), np.array([3, 4], np.int32)),
        np.array([0, 1]),
        "2 samples of `x.npz`",
    ),
    (np.arange(4, dtype=np.float32).reshape(2, 1, 2),),
)


@pytest.mark.parametrize(
    "sent",
    [
        CONVERTED,
        Converted(Network("SavedModel"), (Attempt(Support.BUILTIN, "no"),)),
        Converted(Network("SavedModel"), (), b"model", samples=Samples((), None, "", True)),
    ],
    ids=["all", "failed", "no inputs"],
)
def test_what_was_converted_arrives(sent: Converted) -> None:
    stream = io.BytesIO()
    write_frame(
        stream,
        *worker._converted(
            sent.network, sent.attempts, sent.model, sent.quantized, sent.samples, sent.reference
        ),
    )
    stream.seek(0)
    frame: Any = read_frame(stream)

    found = worker_process._converted(*frame)

    assert (found.network, found.attempts) == (sent.network, sent.attempts)
    assert (found.model, found.quantized) == (sent.model, sent.quantized)
    assert [a.tolist() for a in found.reference] == [a.tolist() for a in sent.reference]
    assert (found.samples is None) == (sent.samples is None)
    if found.samples is not None and sent.samples is not None:
        assert (found.samples.source, found.samples.is_random) == (
            sent.samples.source,
            sent.samples.is_random,
        )
        for mine, yours in zip(found.samples.inputs, sent.samples.inputs, strict=True):
            assert (mine.dtype, mine.tolist()) == (yours.dtype, yours.tolist())
        assert (found.samples.labels is None) == (sent.samples.labels is None)


@pytest.mark.parametrize(
    "log",
    [
        "F0000 00:00 env.cc:84] Check failed: Thread tf creation via pthread_create() failed.\n@ f",
        "[low_level_alloc.cc : 599] RAW: mmap error: 12",
        "terminate called after throwing 'std::bad_alloc'\n  what():  std::bad_alloc",
        "Traceback\nMemoryError",
        "RuntimeError: can't start new thread",
        "ImportError: x.so: failed to map segment from shared object",
    ],
)
def test_what_runtimes_say_where_memory_ends(log: str) -> None:
    ended = Ended((), "it crashed (SIGABRT)", log)

    said = worker_process._what_happened(ended, SMALL, "converting")

    assert said == (
        "the conversion ran out of memory (limit 2 GiB) while converting: see --memory-limit"
    )


def test_of_a_crash_the_fatal_line_is_shown() -> None:
    log = "I0000 00:00 noise\nF0000 00:00 a.cc:1] Check failed: x\n*** trace: ***\n@ 0x1 f()\n"

    said = worker_process._what_happened(Ended((), "it crashed (SIGABRT)", log), SMALL, "loading")

    assert said == (
        "the conversion failed while loading: it crashed (SIGABRT)"
        " (F0000 00:00 a.cc:1] Check failed: x)"
    )


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
@pytest.mark.parametrize(("megabytes", "is_near"), [(0, False), (480, True)])
def test_errors_near_the_limit_of_memory(fake: Fake, megabytes: int, is_near: bool) -> None:
    fake(
        "import mmap, resource\nfrom tflint.convert.out_of_memory import is_near_limit\n"
        "used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (used + (500 << 20),) * 2)\n"
        f"held = [mmap.mmap(-1, {megabytes} << 20)] if {megabytes} else []\n"
        "raise SystemError('error return without exception set')"
    )

    assert ("out of memory" in str(failure("any"))) == is_near
