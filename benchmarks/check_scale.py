"""How `tflint check` bears large models and many: ratios, taken in one run.

Half a gigabyte of weights against a plain hash of the same file, with the memory beside the
mapped file; 1,000, 10,000 and 100,000 operators; 1,000 models of the size of a keyword
spotter. Prints; judges nothing. Run with `make bench`.
"""

from __future__ import annotations

import os
import random
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tflint.lint.registry import all_rules
from tflint.lint.runner import check_bytes
from tflint.model.builder import ModelBuilder
from tflint.model.graph_builder import per_channel
from tflint.model.schema import FullyConnectedOptions, TensorType
from tflint.model.writer import write_model
from tflint.target.target import find_target

INT8, FLOAT32 = TensorType.INT8, TensorType.FLOAT32
WEIGHT_BYTES = 500_000_000
WIDTH = 4096
BLOCK = 1 << 20
MODELS = 1000

HASH = """
import hashlib, mmap, sys
with open(sys.argv[1], "rb") as file:
    view, hash = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)), hashlib.blake2b()
    for at in range(0, len(view), 1 << 20):
        hash.update(view[at : at + (1 << 20)])
"""

Fill = Callable[[random.Random], bytes]


def uniform(choose: random.Random) -> bytes:
    """A block of bytes of any value: what weights of float32 and good int8 look like."""
    return choose.randbytes(BLOCK)


def clustered(choose: random.Random) -> bytes:
    """A block of sixteen small values: nothing is decided before the last byte."""
    return choose.randbytes(BLOCK).translate(bytes(byte % 16 for byte in range(256)))


def write_large_model(path: Path, type: TensorType, fill: Fill | None, size: int) -> None:
    """A chain of dense layers with `size` bytes of weights, written a block at a time.

    Without `fill` the weights are zero, and a file system with sparse files stores none.

    The model is written with a mark for each layer's weights; the weights then go behind its
    end, and the offsets to the marks are made to lead there.
    """
    layer_bytes = WIDTH * WIDTH * (1 if type is INT8 else 4)
    layers = size // layer_bytes
    model = ModelBuilder()
    x = model.input((1, WIDTH), type)
    quantization = per_channel((0.01,), 0) if type is INT8 else None
    marks = [f"weights {i:8}".encode() for i in range(layers)]
    for mark in marks:
        w = model.constant((WIDTH, WIDTH), type, mark, quantization)
        y = model.tensor((1, WIDTH), type)
        model.operator("FULLY_CONNECTED", [x, w, -1], [y], FullyConnectedOptions(), version=4)
        x = y
    model.output(x)
    head = bytearray(write_model(model.build()))
    head += bytes(-len(head) % 16)
    leads_to: dict[int, list[int]] = {}
    for at in range(0, len(head) - 3, 4):
        leads_to.setdefault(at + struct.unpack_from("<I", head, at)[0], []).append(at)
    for i, mark in enumerate(marks):
        (field,) = leads_to[head.index(mark) - 4]
        vector = len(head) + i * (layer_bytes + 16) + 12
        struct.pack_into("<I", head, field, vector - field)
    choose = random.Random(0)
    with path.open("wb") as file:
        file.write(head)
        for _ in marks:
            file.write(bytes(12) + struct.pack("<I", layer_bytes))
            if fill is None:
                file.truncate(file.seek(layer_bytes, os.SEEK_CUR))
                continue
            for _ in range(layer_bytes // BLOCK):
                file.write(fill(choose))


def run(command: list[str]) -> tuple[float, int]:
    """Run a command: its CPU seconds, and the most anonymous memory it had, in bytes."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    path, most = Path(f"/proc/{process.pid}/status"), 0
    while True:
        done, status, usage = os.wait4(process.pid, os.WNOHANG)
        if done:
            break
        for line in path.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("RssAnon"):
                most = max(most, int(line.split()[1]) * 1024)
        time.sleep(0.005)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        raise SystemExit(f"{' '.join(command)} exited with {process.returncode}")
    return usage.ru_utime + usage.ru_stime, most


def large_models(folder: Path) -> None:
    """Time and memory for half a gigabyte of weights."""
    print(f"{WEIGHT_BYTES / 1e6:.0f} MB of weights, in CPU time, against a hash of the file")
    path = folder / "large.tflite"
    for type, fill in ((INT8, uniform), (FLOAT32, uniform), (INT8, clustered)):
        write_large_model(path, type, fill, WEIGHT_BYTES)
        size = path.stat().st_size
        hash = [sys.executable, "-c", HASH, str(path)]
        check = [sys.executable, "-m", "tflint", "check", str(path)]
        run(hash)
        (hashed, _), (checked, memory) = run(hash), run(check)
        print(
            f"  {type.name:<8}{fill.__name__:<10}{size / checked / 1e6:8,.0f} MB/s, "
            f"{checked / hashed:5.2f} times the hash's {hashed:.2f} s, "
            f"{memory / 2**20:6.1f} MiB beside the mapped file"
        )


def chain(operators: int) -> bytes:
    """A chain of convolutions on one small map, each with filters of its own."""
    model = ModelBuilder()
    x = model.input((1, 4, 4, 2), INT8)
    for _ in range(operators):
        x = model.conv_2d(x, filters=2, kernel=1)
    model.output(x)
    return write_model(model.build())


def many_operators() -> None:
    """CPU time by the number of operators."""
    rules, target = all_rules(), find_target("tflm")
    print("operators, in CPU time")
    each = None
    for operators in (1000, 10_000, 100_000):
        data = chain(operators)
        begin = time.process_time()
        check_bytes(data, rules, target)
        took = time.process_time() - begin
        each = each or took / operators
        ratio = took / operators / each
        print(f"  {operators:>7,} {took:7.2f} s, {ratio:5.2f} times the first's an operator")


def many_models() -> None:
    """Models a second in one process."""
    from benchmarks.check_speed import keyword_model

    rules, target, data = all_rules(), find_target("tflm"), keyword_model()
    check_bytes(data, rules, target)
    begin = time.process_time()
    for _ in range(MODELS):
        check_bytes(data, rules, target)
    took = time.process_time() - begin
    print(f"{MODELS:,} models of {len(data) / 1024:.0f} KiB: {MODELS / took:.0f} a second of CPU")


def main() -> None:
    """Measure and print."""
    many_models()
    many_operators()
    with tempfile.TemporaryDirectory() as folder:
        large_models(Path(folder))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    main()
