"""Write the figures of `docs/benchmarking.md`: those that follow from the models, and one run.

    python scripts/measure_benchmarks.py [--shared ../shared] [--print] [--static]

The parts that follow from the models are the same everywhere, and a test holds the page to them.
`--static` renews only these. The run is `tflint bench` itself on this machine, on the original
project's models and the recordings of `../shared/data`: times are worth what the machine is.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarking_page import (
    PAGE,
    ROOT,
    filled,
    headline_part,
    models_part,
    seed_rows,
    sums_part,
    wrong_part,
)
from repairs_page import with_part

Array = NDArray[Any]
# The part of the time from which on runs count as disturbed.
_WAITING = 0.02
# What stands in each file, where it does not say so itself.
CLASSES = {
    "motion_sense": ("stairs", "walking or jogging", "sitting or standing"),
    "keyword_spotting": ("other", "on"),
    "car_sensor": ("not a car", "car"),
}


def samples(data: Path) -> Iterator[tuple[str, dict[str, Array]]]:
    """Labelled inputs of each application, from recordings; values as its network takes them."""
    with np.load(data / "motionsense_rp32.npz", allow_pickle=False) as found:
        plots = (found["rp12"].astype(np.float32) / 100)[..., None]
        yield "motion_sense", {"x": plots, "labels": found["label"].astype(np.int64)}
    with np.load(data / "speech_on.npz", allow_pickle=False) as found:
        features = found["clip_mfcc16"].astype(np.float32)[..., None]
        is_on = found["clip_label"].astype(str) == "on"
        yield "keyword_spotting", {"x": features, "labels": is_on.astype(np.int64)}
    with np.load(data / "gtzan_more_q8.npz", allow_pickle=False) as found:
        frames = found["mfcc_q"].astype(np.float32) * found["scale"].astype(np.float32)
        # One piece a song, from another place in each.
        starts = (np.arange(len(frames)) * 101) % (frames.shape[1] - 216)
        pieces = np.stack([frames[n, s : s + 216] for n, s in enumerate(starts)])
        labels = found["genre"].astype(np.int64)
        yield (
            "music_classifier",
            {"x": pieces[..., None], "labels": labels, "classes": found["genres"]},
        )
    with np.load(data / "car.npz", allow_pickle=False) as found:
        readings = found["acc"].astype(np.float32) * np.float32(found["scale"])
        car = list(found["label_names"].astype(str)).index("Car")
        windows, is_car, start = [], [], 0
        for length, label in zip(found["seg_len"], found["seg_label"], strict=True):
            for first in range(start, start + int(length) - 99, 100):
                windows.append(readings[first : first + 100])
                is_car.append(int(label) == car)
            start += int(length)
        yield "car_sensor", {"x": np.stack(windows), "labels": np.asarray(is_car, np.int64)}


def measured(shared: Path) -> dict[str, Any]:
    """What the program says of the original's models, as JSON."""
    with tempfile.TemporaryDirectory() as folder:
        given = []
        for application, arrays in samples(shared / "data"):
            path = Path(folder, f"{application}.npz")
            if application in CLASSES:
                arrays["classes"] = np.asarray(CLASSES[application])
            np.savez(path, **arrays)
            given += ["--data", f"{application}={path}"]
        done = subprocess.run(
            [
                *(sys.executable, "-m", "tflint", "bench", str(shared / "models" / "seed"), *given),
                *("--isolated", "--no-operators", "--format", "json"),
            ],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            check=False,
        )
    if done.returncode not in (0, 1):
        raise SystemExit(f"tflint bench ended with {done.returncode}")
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def run_part(document: dict[str, Any], seed: Path) -> str:
    """One run: when, on what, and a line a model."""
    machine = document["machine"]
    lines = [
        f"{document['started'][:10]}, {machine['processor']}, {machine['cores']} cores, "
        f"{machine['system']}, {machine['runtime']}, {machine['threads']} thread:",
        "",
        "| model | initialisation | first | warm-up | average | p50 | p95 | accuracy | interval "
        "| samples |",
        "|---|--:|--:|--:|--:|--:|--:|--:|---|--:|",
    ]
    for model in document["models"]:
        path = Path(model["path"]).resolve().relative_to(seed.resolve())
        name, latency, accuracy = (
            path.with_suffix("").as_posix(),
            model["latency_us"],
            model["accuracy"],
        )
        if latency is None:
            lines.append(f"| {name} | {model['failures'][0]['text']} | | | | | | | | |")
            continue
        times = (latency[key] for key in ("init", "first", "warmup_avg", "avg", "p50", "p95"))
        cells = [f"{time:,.1f}" for time in times]
        low, high = accuracy["interval"]
        cells += [f"{100 * accuracy['value']:.1f} %", f"{100 * low:.1f} to {100 * high:.1f} %"]
        lines.append(f"| {name} | {' | '.join(cells)} | {accuracy['n']:,} |")
    return "\n".join(lines) + f"\n\n{_disturbed(document)}{filled(_hidden(document))}\n"


def _disturbed(document: dict[str, Any]) -> str:
    """That other programs were at work, if they were."""
    timed = [model for model in document["models"] if model["latency_us"] is not None]
    disturbed = sum((model["noise"]["waiting"] or 0) >= _WAITING for model in timed)
    if not disturbed:
        return ""
    return (
        f"In {disturbed} of the {len(timed)} other programs had the core for a part of the runs: "
        "their p50 tells more than their average.\n\n"
    )


def _hidden(document: dict[str, Any]) -> str:
    """What the accuracies of two models do not show, their classes being out of balance."""
    accuracies = {
        "/".join(Path(model["path"]).with_suffix("").parts[-2:]): model["accuracy"]
        for model in document["models"]
    }
    keyword = accuracies["KeywordSpotting/reduced_drange"]
    (on,) = (one for one in keyword["classes"] if one["label"] == "on")
    car = accuracies["CarSensor/reduced_drange"]
    return (
        f'KeywordSpotting reduced, of dynamic range, finds {on["correct"]} of the {on["n"]} "on" '
        f"among {keyword['n']:,} clips; who always says no is right in "
        f"{100 * keyword['majority']:.1f} %. Of CarSensor's windows that is "
        f"{100 * car['majority']:.1f} %, more than the network. One accuracy, as the original has "
        "it, tells neither: hence the classes and the notes."
    )


def main() -> None:
    """Measure, and write or print the parts."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    parser.add_argument("--print", action="store_true", help="print the parts, write nothing")
    parser.add_argument("--static", action="store_true", help="leave out the run")
    given = parser.parse_args()
    rows = seed_rows(given.shared)
    parts = {
        "models": models_part(rows),
        "headline": headline_part(rows),
        "sums": sums_part(rows),
        "wrong": wrong_part(rows, given.shared),
    }
    if not given.static:
        parts["run"] = run_part(measured(given.shared), given.shared / "models" / "seed")
    if given.print:
        for name, text in parts.items():
            print(f"{name}\n\n{text}")
        return
    page = PAGE.read_text(encoding="utf-8")
    for name, text in parts.items():
        page = with_part(page, name, text)
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
