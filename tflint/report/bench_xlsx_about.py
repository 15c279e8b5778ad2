"""The last sheet: what it was measured on, and what the columns mean."""

from __future__ import annotations

from tflint.report.bench_result import BenchReport
from tflint.report.bench_wording import headline, noisy_text
from tflint.report.bench_xlsx_book import DARK, HEADING, LIGHT, NOTE, Look, Page
from tflint.version import __version__

_MEANINGS = (
    ("Init (us)", "Loading the model and laying out its tensors."),
    ("1st Inference (us)", "The first inference after that; it is no part of the warm-up."),
    ("Avg Warmup (us)", "The average of the inferences before those that count."),
    ("Avg Inference, p50, p95 (us)", "Average, median and 95th percentile of the runs that count."),
    ("Spread (%)", "The middle half of the runs by their median; from 10 % on times are noisy."),
    ("Accuracy (%)", "The share of the samples decided right; its interval is Wilson's, of 95 %."),
    ("Mean of the classes (%)", "The mean recall of the classes that occur, each alike."),
    ("Always the largest class (%)", "What saying the most frequent class each time would reach."),
    (
        "Accuracy Is",
        "Measured in this run, or the date on which it was recorded when the model was trained.",
    ),
    (
        "Published by the Original",
        "What the original's tables say of its own network in this form, its weights in KB of 1024 "
        "bytes. Beside int8, which they do not have, what they say of dynamic range.",
    ),
    (
        "The Original's on the Same Data",
        "The accuracy of the original's network, trained and tested on the same recordings in the "
        "same way, as it was recorded.",
    ),
    ("Number of Weights", "Elements of all constant tensors, constants of shapes included."),
    ("Weights Size (KB)", "Their bytes / 1024, as the sheets of the original have it."),
    (
        "Dynamic Tensors Memory Allocation (KB)",
        "The sizes of the tensors listed beside it / 1000, as the sheets of the original have it: "
        "tensors between operators, without inputs and outputs, as if none shared memory with "
        "another. What a device needs is the arena.",
    ),
    ("Arena (Bytes)", "The smallest arena that the runtime runs the model with, computed."),
    ("RAM (Bytes)", "Arena, interpreter and stack: what a budget is held against."),
    ("Flash (Bytes)", "The model's file and the runtime's code."),
    ("Runs", "Whether the runtime for microcontrollers takes the model; the notes say why not."),
    ("MACs", "Multiply-accumulates of one inference."),
    ("Time of an operator (us)", "Its average over the runs, each operator measured alone."),
    ("... with Selected Ops", "The model needs operators of TensorFlow itself (Flex)."),
    ("... with Built In Ops", "The model has none of these."),
)


def write_about(page: Page, report: BenchReport) -> None:
    """Names on the left, what they are on the right."""
    page.widths((40, 110))
    machine = report.machine
    cpus = "not kept to any" if machine.cpus is None else ", ".join(map(str, machine.cpus))
    page.text(0, 0, "About these measurements", HEADING)
    facts = (
        ("Tool", f"tflint {__version__}"),
        ("Started", report.started),
        ("Took", f"{report.seconds:.1f} s"),
        ("Result", headline(report)),
        ("Noise", noisy_text(report.models) or "quiet"),
        ("Processor", machine.processor),
        ("Cores", str(machine.cores)),
        ("Cores that the process was kept to", cpus),
        ("System", machine.system),
        ("Runtime", machine.runtime),
        ("Kernels", machine.kernels),
        ("Threads", str(machine.threads)),
        *(("Mind", note) for note in machine.notes),
    )
    name, value = Look(bold=True, ink=DARK, fill=LIGHT), Look(wrap=True)
    row = 2
    for title, said in facts:
        page.text(row, 0, title, name)
        page.foreign(row, 1, said, value)
        row += 1
    row += 1
    page.text(row, 0, "What the columns mean", HEADING)
    row += 2
    for title, said in _MEANINGS:
        page.text(row, 0, title, name)
        page.text(row, 1, said, value)
        row += 1
    page.text(
        row + 1,
        0,
        "Times are of this machine, not of a microcontroller. Sums, sizes in KB and everything on "
        "the summary are formulas over the sheets.",
        NOTE,
    )
    page.printed(row + 1, 1)
