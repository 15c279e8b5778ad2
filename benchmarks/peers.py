"""What other tools answer where `tflint check` answers, and what it costs: all in one run.

Each tool is installed from the package index into an environment of its own, below `--cache`. One
that cannot be installed or called keeps its row, with the reason. Run with `make bench-peers`;
`docs/peers.md` holds a run of it, written with `--write docs/peers.md`.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.peer_models import ROOT, Model, damaged, example_models, shared_models
from benchmarks.peer_tables import Peer, details, report
from benchmarks.peer_tools import PEERS, TFLINT, Tool
from benchmarks.process import Run, measure

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


def install(tool: Tool, cache: Path, python: str) -> Peer:
    """Install a tool unless it is there; says in `missing` why it could not be."""
    peer = Peer(tool)
    if tool.needs is not None and shutil.which(tool.needs) is None:
        peer.missing = f"`{tool.needs}` is not on PATH"
        return peer
    folder = cache / (tool.environment or tool.name)
    peer.programs = folder / "bin"
    done = folder / "installed"
    pip = [str(peer.programs / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check"]
    steps: list[Sequence[str]] = []
    if not done.exists():
        shutil.rmtree(folder, ignore_errors=True)
        steps = [[python, "-m", "venv", str(folder)]]
        steps += [[*pip, "install", *tool.requirements]] if tool.requirements else []
        steps += [[str(peer.programs / name), *rest] for name, *rest in tool.prepare]
    if not tool.requirements:  # ourselves, as this checkout is now
        steps.append([*pip, "install", "--force-reinstall", str(ROOT)])
    for step in steps:
        run = measure(step, variables=variables(peer, cache), folder=cache, timeout=1200)
        if run.code != 0:
            said = [line for line in run.output.splitlines() if line.strip()] or ["no output"]
            # The last line of pip is advice; the cause is the last error.
            peer.missing = next((x for x in reversed(said) if x.startswith("ERROR")), said[-1])
            return peer
    done.touch()
    code = (
        "import platform, sys; from importlib.metadata import version; "
        "print(version(sys.argv[1]), platform.python_version())"
    )
    peer.version, peer.python = subprocess.run(
        [str(peer.programs / "python"), "-Ic", code, tool.distribution],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    return peer


def variables(peer: Peer, cache: Path) -> dict[str, str]:
    """The environment of a call: own home, plain output, wide lines."""
    kept = {name: os.environ[name] for name in ("LANG", "TMPDIR") if name in os.environ}
    pip = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    path = [] if peer.tool.hide_path else [os.environ.get("PATH", os.defpath)]
    return {
        **kept,
        **pip,
        "PATH": os.pathsep.join([str(peer.programs), *path]),
        "HOME": str(cache / "home"),
        "NO_COLOR": "1",
        "COLUMNS": "200",
        "PYTHONUTF8": "1",
    }


def call(peer: Peer, model: Path, cache: Path) -> Run:
    """Ask a tool about a model, from an empty folder."""
    with tempfile.TemporaryDirectory() as scratch:
        command = peer.tool.call(peer.programs, model, Path(scratch))
        return measure(command, variables=variables(peer, cache), folder=Path(scratch))


def ask_for_arenas(peer: Peer, models: Sequence[Model], cache: Path) -> None:
    """Ask a tool for the RAM of each model, as often as it has figures."""
    for model in models:
        for question in peer.tool.arenas:
            with tempfile.TemporaryDirectory() as scratch:
                folder = Path(scratch)
                command = question.call(peer.programs, model.path, folder)
                run = measure(command, variables=variables(peer, cache), folder=folder)
                peer.arenas[question, model.name] = question.read(run, folder)


def find_models(shared: Path, cache: Path, python: Path) -> list[Model]:
    """The measured models, or the examples built anew."""
    models = shared_models(shared)
    if models:
        return models
    print(f"no measured models in {shared}: the examples instead", file=sys.stderr)
    # In a process of its own; and by ourselves as installed.
    subprocess.run([str(python), str(ROOT / "examples" / "build.py")], check=True)
    return example_models(ROOT / "examples" / "models")


def main() -> None:
    """Install, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    default = os.environ.get("TFLITE_LINT_PEERS", str(ROOT / "build" / "peers"))
    parser.add_argument(
        "--cache", type=Path, default=Path(default), help="where tools are installed"
    )
    parser.add_argument("--python", default=sys.executable, help="Python to install them with")
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    parser.add_argument("--runs", type=int, default=3, help="runs of each model")
    parser.add_argument("--only", action="append", help="names of peers to measure; repeatable")
    parser.add_argument("--write", type=Path, help="page whose tables are replaced")
    parser.add_argument("--details", type=Path, help="file for what each tool says on each model")
    arguments = parser.parse_args()
    cache: Path = arguments.cache.resolve()
    (cache / "home").mkdir(parents=True, exist_ok=True)

    chosen = [tool for tool in PEERS if not arguments.only or tool.name in arguments.only]
    peers = []
    for tool in (TFLINT, *chosen):
        print(f"installing {tool.name}", file=sys.stderr)
        peers.append(install(tool, cache, arguments.python))
    if peers[0].missing:
        sys.exit(f"tflint could not be installed: {peers[0].missing}")
    measured = [peer for peer in peers if not peer.missing]
    models = find_models(arguments.shared.resolve(), cache, measured[0].programs / "python")

    for peer in measured:  # once unmeasured: files into the page cache, bytecode onto the disk
        call(peer, models[0].path, cache)
    for turn in range(arguments.runs):
        for index, model in enumerate(models):
            print(f"\rrun {turn + 1}, model {index + 1} of {len(models)} ", end="", file=sys.stderr)
            for peer in measured:
                peer.runs.setdefault(model.name, []).append(call(peer, model.path, cache))
    print(file=sys.stderr)
    for peer in measured:
        ask_for_arenas(peer, [model for model in models if model.runs], cache)
    paths = [str(model.path) for model in models]
    everything = [str(measured[0].programs / "tflint"), "check", *paths]
    folder_run = measure(everything, variables=variables(measured[0], cache))

    running = [model.path for model in models if model.runs]
    good = min(running, key=lambda path: path.stat().st_size)
    with tempfile.TemporaryDirectory() as folder:
        for case, data in damaged(good.read_bytes()).items():
            path = Path(folder, "damaged.tflite")
            path.write_bytes(data)
            for peer in measured:
                peer.damaged[case] = call(peer, path, cache)

    text = "\n".join(report(peers, models, arguments.runs, folder_run)) + "\n"
    print(text)
    if arguments.details:
        arguments.details.write_text("\n".join(details(peers, models)) + "\n", encoding="utf-8")
    if arguments.write:
        page = arguments.write.read_text(encoding="utf-8")
        before, _, rest = page.partition(BEGIN)
        _, _, after = rest.partition(END)
        arguments.write.write_text(f"{before}{BEGIN}\n{text}{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
