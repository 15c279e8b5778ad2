"""Feed damaged models to everything that reads them; nothing but a clean refusal may come out.

    python scripts/fuzz_reader.py --runs 100000 --corpus ../shared/models
    python scripts/fuzz_reader.py --engine mutate --seconds 60
    python scripts/fuzz_reader.py --replay build/fuzz/crash-...

Two engines: `atheris` (the default where it is installed) is guided by coverage, `mutate`
knows what a flatbuffer looks like and does the same on every run. Both start from models of
our builder and from those in the folders of `--corpus`. An input that fails, takes more than
two seconds or more than 200 MB is kept in `build/fuzz`, its path printed, and the exit code
is not zero.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import hashlib
import importlib.util
import json
import struct
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fuzz_mutations import MAX_BYTES, mutations

ROOT = Path(__file__).resolve().parent.parent
ARTIFACTS = ROOT / "build" / "fuzz"
MAX_SECONDS = 2
MAX_MEGABYTES = 200
TARGETS = ("tflm", "tflm-cmsis-nn", "litert", "cortex-m0plus:flash=16K,ram=4K")


Check = Callable[[bytes], None]


class Violation(Exception):
    """Something that must hold for any bytes does not."""


def check_bytes(data: bytes) -> None:
    """What must hold for any bytes; whatever it raises is a bug.

    They are a model or are refused, and what is read can be written, read again, and then
    written again to the same bytes. Either way every rule has something to say or nothing,
    and both reports can be printed.

    Fields of a newer schema are excepted from the last: in a damaged file, a number may become
    the distance to something only when that is written to another place.
    """
    # Imported here because the modules have to be instrumented first.
    from tflint.errors import UnreadableModel, UnwritableModel
    from tflint.model.reader import parse_model
    from tflint.model.writer import write_model

    check_lint(data)
    try:
        model = parse_model(data)
    except UnreadableModel:
        return
    with contextlib.suppress(UnwritableModel):
        written = write_model(model)
        try:
            again = parse_model(written)
        except UnreadableModel as error:
            raise Violation(f"what was written cannot be read: {error}") from error
        if write_model(again) != written and not has_unknown_fields(model):
            raise Violation("writing what was read gives another file")


def check_lint(data: bytes) -> None:
    """Run every rule and both reports, for one target or another."""
    from tflint.lint.registry import all_rules
    from tflint.lint.runner import check_bytes as lint
    from tflint.report import json_document, text
    from tflint.report.result import LintReport
    from tflint.report.style import plain
    from tflint.target.target import find_target

    target = find_target(TARGETS[sum(data[:256]) % len(TARGETS)])
    report = lint(data, all_rules(), target)
    if not report.readable and not report.findings:
        raise Violation("an unreadable file passes for clean")
    shown = plain(text.render(LintReport(target, (report,))))
    if not all(line.isprintable() for line in shown.split("\n")):
        raise Violation("a name from the model reaches the terminal as it is")
    document = json_document.render(LintReport(target, (report,)))
    if not document.isascii() or len(json.loads(document)["findings"]) != len(report.findings):
        raise Violation("the JSON report is not sound")


def has_unknown_fields(record: object) -> bool:
    """Whether there are fields of a newer schema anywhere in a tree of records."""
    if isinstance(record, tuple):
        return any(map(has_unknown_fields, record))
    names: Iterable[str] = getattr(record, "__dataclass_fields__", ())
    return bool(getattr(record, "unknown_fields", ())) or any(
        has_unknown_fields(getattr(record, name)) for name in names
    )


def built_seeds() -> dict[str, bytes]:
    """Small models of every kind, by name."""
    from tflint.model.builder import ModelBuilder
    from tflint.model.record import UnknownField
    from tflint.model.schema import IfOptions, TensorType
    from tflint.model.writer import write_model

    def network(type: TensorType, weights: TensorType | None = None) -> ModelBuilder:
        model = ModelBuilder()
        x = model.input((1, 4, 4, 2), type, shape_signature=(-1, 4, 4, 2))
        y = model.depthwise_conv_2d(model.conv_2d(x, 2, 3, weights=weights), 2, weights=weights)
        model.output(model.softmax(model.fully_connected(model.flatten(y), 2, weights=weights)))
        model.signature({"x": x}, {"y": model.outputs[0]})
        model.metadata("min_runtime_version", b"1.5.0")
        return model

    flex = ModelBuilder()
    x = flex.input((1, 4))
    y = flex.unary("RELU", x)
    flex.operator("FlexErf", [x], [y], custom_options=b"\x04Erf\x00\x12\x05Erf")
    flex.output(y)

    branches = ModelBuilder()
    condition, x = branches.input((1,), TensorType.BOOL), branches.input((1, 4))
    y = branches.tensor((1, 4))
    branches.operator("IF", [condition, x], [y], IfOptions(1, 2))
    branches.output(y)
    for name in ("RELU", "TANH"):
        branch = branches.subgraph(name.lower())
        branch.output(branch.unary(name, branch.input((1, 4))))

    newer = network(TensorType.FLOAT32).build()
    unknown = (
        UnknownField(40, b"\x07\0\0\0"),
        UnknownField(41, bytes(4), child=struct.pack("<I4sI", 4, b"name", 0)),
        # A table of one number behind a vector that leads to it, and the table's vtable.
        UnknownField(42, bytes(4), child=struct.pack("<2IiI3H", 1, 4, -8, 9, 6, 8, 4)),
    )
    graph = dataclasses.replace(newer.subgraphs[0], unknown_fields=unknown)
    newer = dataclasses.replace(newer, subgraphs=(graph,), unknown_fields=unknown)

    models = {
        "float": network(TensorType.FLOAT32),
        "int8": network(TensorType.INT8),
        "dynamic-range": network(TensorType.FLOAT32, TensorType.INT8),
        "flex": flex,
        "multi-subgraph": branches,
    }
    files = {name: write_model(model.build()) for name, model in models.items()}
    return {**files, "newer-schema": write_model(newer)}


def seeds_in(folders: Iterable[Path]) -> dict[str, bytes]:
    """The models in these folders that are not too long to be an input, by their paths."""
    return {
        str(path): path.read_bytes()
        for folder in folders
        for path in sorted(folder.rglob("*.tflite"))
        if path.stat().st_size <= MAX_BYTES
    }


# The engine that knows flatbuffers


@dataclass(frozen=True)
class Result:
    """What a run of the `mutate` engine did; `failing` is the input at which it stopped."""

    runs: int
    slowest_seconds: float
    failing: bytes | None = None
    error: BaseException | None = None


def run_mutations(
    models: Iterable[bytes],
    *,
    runs: int,
    seconds: float = float("inf"),
    seed: int = 0,
    check: Check = check_bytes,
) -> Result:
    """Check damaged models until one fails, takes too long, or there were enough.

    Time is the processor's, so that a busy machine is not taken for a slow reader.
    """
    end = time.monotonic() + seconds
    slowest = 0.0
    done = 0
    for data in mutations(models, seed):
        if done >= runs or time.monotonic() > end:
            break
        done += 1
        start = time.process_time()
        try:
            check(data)
        except Exception as error:
            return Result(done, slowest, data, error)
        slowest = max(slowest, time.process_time() - start)
        if slowest > MAX_SECONDS:
            return Result(done, slowest, data, Violation(f"took {slowest:.1f} s"))
    return Result(done, slowest)


def keep(data: bytes, artifacts: Path) -> Path:
    """Write an input to where it can be replayed from."""
    artifacts.mkdir(parents=True, exist_ok=True)
    path = artifacts / f"crash-{hashlib.sha256(data).hexdigest()[:16]}"
    path.write_bytes(data)
    return path


def fuzz_with_mutations(options: argparse.Namespace) -> int:
    """The `mutate` engine; gives the exit code."""
    limit_memory()
    models = built_seeds() | seeds_in(options.corpus)
    start = time.monotonic()
    result = run_mutations(
        models.values(),
        runs=options.runs,
        seconds=options.seconds,
        seed=options.seed,
        check=options.check,
    )
    if result.failing is not None:
        traceback.print_exception(result.error)
        print(f"run {result.runs} failed; input: {keep(result.failing, options.artifacts)}")
        return 1
    print(
        f"{result.runs} runs over {len(models)} models in {time.monotonic() - start:.0f} s, "
        f"slowest {1000 * result.slowest_seconds:.0f} ms, no failure"
    )
    return 0


def limit_memory() -> None:
    """Let allocations fail that take the process 200 MB past its present size."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        limit = pages * resource.getpagesize() + MAX_MEGABYTES * 2**20
        resource.setrlimit(resource.RLIMIT_AS, (limit, resource.getrlimit(resource.RLIMIT_AS)[1]))


# The engine that is guided by coverage


def fuzz_with_atheris(options: argparse.Namespace) -> int:
    """The `atheris` engine, which ends the process itself when it is done."""
    import atheris

    with atheris.instrument_imports(include=["tflint.model"]):
        import tflint.model.reader
        import tflint.model.writer  # noqa: F401

    # What is found is kept there: the next run goes on from it.
    corpus = options.artifacts / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for data in (built_seeds() | seeds_in(options.corpus)).values():
        (corpus / hashlib.sha1(data, usedforsecurity=False).hexdigest()).write_bytes(data)
    arguments = [
        sys.argv[0],
        f"-runs={options.runs}",
        f"-seed={options.seed + 1}",
        f"-timeout={MAX_SECONDS}",
        f"-rss_limit_mb={resident_megabytes() + MAX_MEGABYTES}",
        f"-max_len={MAX_BYTES}",
        f"-artifact_prefix={options.artifacts}/",
        "-print_final_stats=1",
        str(corpus),
    ]
    if options.seconds != float("inf"):
        arguments.insert(1, f"-max_total_time={max(1, int(options.seconds))}")
    atheris.Setup(arguments, options.check)
    atheris.Fuzz()
    return 0


def resident_megabytes() -> int:
    """What the process takes before any input: the interpreter, NumPy, the seeds."""
    with contextlib.suppress(ImportError):
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return 100


def replay(paths: Iterable[Path]) -> int:
    """Check kept inputs once more."""
    for path in paths:
        start = time.process_time()
        check_bytes(path.read_bytes())
        print(f"{path}: passes, {time.process_time() - start:.2f} s")
    return 0


def main(arguments: Sequence[str] | None = None, check: Check = check_bytes) -> int:
    has_atheris = importlib.util.find_spec("atheris") is not None
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--engine", choices=("atheris", "mutate"))
    parser.add_argument("--runs", type=int, default=100_000, help="inputs in total")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop earlier")
    parser.add_argument("--seed", type=int, default=0, help="of the random numbers")
    parser.add_argument("--corpus", type=Path, nargs="+", default=[], help="folders of models")
    parser.add_argument("--artifacts", type=Path, default=ARTIFACTS, help="where failures go")
    parser.add_argument("--replay", type=Path, nargs="+", help="check these files instead")
    options = parser.parse_args(arguments)
    options.check = check
    sys.path.insert(0, str(ROOT))
    if options.replay:
        return replay(options.replay)
    if (options.engine or ("atheris" if has_atheris else "mutate")) == "mutate":
        return fuzz_with_mutations(options)
    if not has_atheris:
        parser.error("atheris is not installed: pip install 'tflint[dev]', or --engine mutate")
    return fuzz_with_atheris(options)


if __name__ == "__main__":
    raise SystemExit(main())
