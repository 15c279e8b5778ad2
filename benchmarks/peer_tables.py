"""The tables of the comparison, from what was measured."""

from __future__ import annotations

import datetime
import os
import platform
import signal
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.peer_arenas import ArenaCall, Held, Truth, deviation, truth_of
from benchmarks.peer_models import REFERENCE, Model
from benchmarks.peer_tools import MCUFIT_NODE, TFLINT_ESP32, Answer, Tool, Verdict
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
    arenas: dict[tuple[ArenaCall, str], Mapping[str, int]] = field(default_factory=dict)
    """Bytes by the tool's name for them, of a call and a model."""

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


def table(
    head: Sequence[str], rows: Sequence[Sequence[str]], rule: str = "--:", words: int = 1
) -> list[str]:
    """A Markdown table; columns after the first `words` are aligned as `rule` says."""
    rule_row = [*["---"] * words, *[rule] * (len(head) - words)]
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


def number(value: float) -> str:
    """Whole where it is whole: a median may lie between two."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def arena_row(peer: Peer, call: ArenaCall, held: Held, models: Sequence[Model]) -> list[str]:
    """How far one figure of a tool is from one truth, over the models that have both."""
    pairs = []
    for model in models:
        figure = peer.arenas.get((call, model.name), {}).get(held.figure)
        truth = truth_of(model, held)
        if figure is not None and truth is not None:
            pairs.append((figure, truth))
    head = [peer.tool.name, f"`{held.figure}`", f"{held.truth.value}, {held.library}"]
    found = deviation(pairs)
    if found is None:
        return [*head, "0", *["–"] * 7]
    return [
        *head,
        *(str(found.models), str(found.exact)),
        *map(number, (found.least, found.median, found.largest)),
        *(f"{share:.1%}" for share in (found.median_share, found.largest_share)),
        str(found.below),
    ]


def beside_each_other(peers: Sequence[Peer], models: Sequence[Model]) -> list[str]:
    """The figures themselves, in bytes, for the reference kernels and for other runtimes."""
    truths = [Held("", REFERENCE, truth) for truth in Truth]
    columns = []
    for peer in peers:
        for call in peer.tool.arenas:
            figures = {held.figure for held in call.held if held.library == REFERENCE}
            if call.held:
                columns += [(peer, call, name) for name in sorted(figures)]
            elif call is not TFLINT_ESP32:
                columns.append((peer, call, ""))
    rows = []
    for model in models:
        row = [model.name]
        row += ["–" if (x := truth_of(model, held)) is None else f"{x:,}" for held in truths]
        for peer, call, name in columns:
            said = peer.arenas.get((call, model.name), {})
            bytes_said = said.get(name) if name else next(iter(said.values()), None)
            row.append("–" if bytes_said is None else f"{bytes_said:,}")
        rows.append(row)
    names = [
        f"{peer.tool.name}: `{name}`" if name else f"{peer.tool.name} (another runtime)"
        for peer, _, name in columns
    ]
    return table(["model", *[f"TFLM: {held.truth.value}" for held in truths], *names], rows)


def other_abi(peers: Sequence[Peer], models: Sequence[Model]) -> list[str]:
    """What mcufit's runtime reports above what we compute for a core of its layout."""
    said = {key: figures for peer in peers for key, figures in peer.arenas.items()}
    above = []
    for model in models:
        theirs = said.get((MCUFIT_NODE, model.name), {}).get("total_arena_bytes")
        ours = said.get((TFLINT_ESP32, model.name), {}).get("arena_bytes")
        if theirs is not None and ours is not None:
            above.append(theirs - ours)
    if not above:
        return []
    usual = statistics.mode(above)
    return [
        "",
        "mcufit's figure with Node less tflint's `arena_bytes` for an ESP32 (also 32 bits, enums "
        f"of 4 bytes): {usual:,} bytes on {above.count(usual)} of {len(above)} models, "
        f"{min(above):,} to {max(above):,} on all.",
    ]


def arena_section(peers: Sequence[Peer], models: Sequence[Model]) -> list[str]:
    """How near each tool's figure for RAM is to what TFLM needed, on the models that it runs."""
    running = [model for model in models if model.runs]
    lines = ["### The arena", ""]
    if any(model.arenas for model in running):
        rows = [
            arena_row(peer, call, held, running)
            for peer in peers
            for call in peer.tool.arenas
            for held in call.held
        ]
        head = ["tool", "its figure", "held against TFLM on a Cortex-M4", "models", "exact"]
        head += ["bytes off: least", "median", "largest", "in %: median", "largest", "too low on"]
        lines += [
            f"On the {len(running)} models that TFLM runs; bytes without sign, percentages of what "
            "TFLM needed.",
            "",
            *table(head, rows, words=3),
            *other_abi(peers, running),
        ]
    else:
        lines.append("What TFLM needs on a Cortex-M4 was not measured for these models.")
    calls = [(peer, call) for peer in peers for call in peer.tool.arenas]
    return [
        *lines,
        "",
        "The figures, in bytes; TFLM with reference kernels:",
        "",
        *beside_each_other(peers, running),
        "",
        "What each figure is for:",
        "",
        *[f"- {peer.tool.name}, `{call.shown_call}`: {call.build}" for peer, call in calls],
    ]


def report(peers: Sequence[Peer], models: Sequence[Model], runs: int, folder_run: Run) -> list[str]:
    """The tables, in Markdown."""
    measured = [peer for peer in peers if not peer.missing]
    refused = sum(not model.runs for model in models)
    today = datetime.datetime.now(datetime.timezone.utc).date()
    # Over 15 minutes, so over the run; the benchmark itself accounts for about 1.
    load = f"load average {os.getloadavg()[2]:.1f}"
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs, {load}"
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
        *arena_section(measured, models),
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
