"""The tables of the comparison, from what was measured."""

from __future__ import annotations

import datetime
import os
import platform
import signal
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.peer_models import Model
from benchmarks.peer_tools import Answer, Tool, Verdict
from benchmarks.process import Run

CRASH = "Traceback (most recent call last)"


@dataclass
class Peer:
    """A tool as it is installed here, with what it said and cost."""

    tool: Tool
    version: str = ""
    python: str = ""
    programs: Path = Path()
    missing: str = ""
    """Why it could not be measured."""
    runs: dict[str, list[Run]] = field(default_factory=dict)
    damaged: dict[str, Run] = field(default_factory=dict)

    def answer(self, model: Model) -> Answer:
        """What it says about a model."""
        return self.tool.read(self.runs[model.name][0])

    def cost(self, what: Callable[[Run], float]) -> dict[str, float]:
        """The median over the runs of each model."""
        return {name: statistics.median(map(what, runs)) for name, runs in self.runs.items()}


def outcome(run: Run) -> str:
    """How a tool took a damaged file."""
    if run.timed_out:
        return "time-out"
    if run.code < 0:
        return f"crash ({signal.Signals(-run.code).name})"
    if CRASH in run.output:
        return "traceback"
    if run.code == 0:
        return "accepted"
    return "message" if run.output.strip() else "silent"


def table(head: Sequence[str], rows: Sequence[Sequence[str]], rule: str = "--:") -> list[str]:
    """A Markdown table; columns from the second on are aligned as `rule` says."""
    rule_row = ["---", *[rule] * (len(head) - 1)]
    return [f"| {' | '.join(row)} |" for row in (head, rule_row, *rows)]


def count(found: Sequence[object], among: Sequence[object]) -> str:
    return f"{len(found)} of {len(among)}"


def verdict_row(peer: Peer, models: Sequence[Model]) -> list[str]:
    """What a tool says about models that TFLM refuses and about those that it runs."""
    head = [f"{peer.tool.name} {peer.version}".strip(), peer.tool.question]
    if peer.missing:
        return [*head, f"not measured: {peer.missing}", "", "", ""]
    refused = [peer.answer(model) for model in models if not model.runs]
    running = [peer.answer(model) for model in models if model.runs]
    if all(answer.verdict in (Verdict.ELSEWHERE, Verdict.NONE) for answer in refused + running):
        named = [answer for answer in refused if answer.operator]
        advised = [answer for answer in refused if answer.advice]
        return [*head, "–", f"({count(named, refused)})", f"({count(advised, refused)})", "–"]
    said = [answer for answer in refused if answer.verdict is Verdict.FAILS]
    named = [answer for answer in said if answer.operator]
    advised = [answer for answer in said if answer.advice]
    passed = [answer for answer in running if answer.verdict is Verdict.RUNS]
    return [
        *head,
        count(said, refused),
        count(named, refused),
        count(advised, refused),
        count(passed, running),
    ]


def cost_row(peer: Peer, base: Peer) -> list[str]:
    """Medians over the models, and the median of the ratios to ours, model by model."""
    cpu, ours = peer.cost(lambda run: run.cpu), base.cost(lambda run: run.cpu)
    wall = statistics.median(peer.cost(lambda run: run.wall).values())
    peak = statistics.median(peer.cost(lambda run: run.peak).values())
    ratio = statistics.median(cpu[name] / ours[name] for name in cpu)
    return [
        peer.tool.name,
        f"{statistics.median(cpu.values()) * 1000:,.0f}",
        f"{wall * 1000:,.0f}",
        f"{peak / 2**20:,.0f}",
        f"{ratio:.1f}",
    ]


def report(peers: Sequence[Peer], models: Sequence[Model], runs: int, folder_run: Run) -> list[str]:
    """The tables, in Markdown."""
    measured = [peer for peer in peers if not peer.missing]
    refused = sum(not model.runs for model in models)
    today = datetime.datetime.now(datetime.timezone.utc).date()
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs"
    lines = [
        f"Measured on {today} ({machine}, Python {peers[0].python}); {len(models)} models, "
        f"of which TFLM refuses {refused} and runs {len(models) - refused}.",
        "",
        "### What they answer",
        "",
        *table(
            [
                *("tool", "question that it answers", "refused: says so"),
                *("refused: names an operator", "refused: advises", "runs: says so"),
            ],
            [verdict_row(peer, models) for peer in peers],
            rule="---",
        ),
        "",
        "### What it costs",
        "",
        "One process a model, start-up included; medians over models, and for each model over "
        f"{runs} run{'' if runs == 1 else 's'}, the tools in turn.",
        "",
        *table(
            ["tool", "CPU ms", "wall ms", "peak MiB", "CPU, ratio to tflint"],
            [cost_row(peer, peers[0]) for peer in measured],
        ),
        "",
        f"`tflint check` takes several models in one call: all {len(models)} take "
        f"{folder_run.cpu * 1000:,.0f} ms CPU and {folder_run.peak / 2**20:,.0f} MiB.",
        "",
        "### Damaged files",
        "",
        *table(
            ["file", *[peer.tool.name for peer in measured]],
            [
                [case, *[outcome(peer.damaged[case]) for peer in measured]]
                for case in measured[0].damaged
            ],
            rule="---",
        ),
        "",
        "### Called as",
        "",
        *[f"- {peer.tool.name} {peer.version}: `{peer.tool.shown_call}`" for peer in measured],
    ]
    return lines


def details(peers: Sequence[Peer], models: Sequence[Model]) -> list[str]:
    """For each model, what each tool says: the raw material of the tables."""
    lines = []
    for model in models:
        lines.append(f"{model.name}: {'runs' if model.runs else 'refused'} on TFLM")
        for peer in peers:
            if not peer.missing:
                answer = peer.answer(model)
                said = [answer.verdict.value, answer.operator, answer.cause, answer.advice]
                lines.append(f"  {peer.tool.name}: " + " | ".join(x[:160] for x in said if x))
    return lines
