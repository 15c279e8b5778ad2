"""What a call of `tflint train` came to, and its summary for a terminal."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tflint_reference_models.training.results import Result


@dataclass(frozen=True, slots=True)
class TrainReport:
    """The results of a call, the folder they are in, and the files that were written."""

    application: str
    output: Path
    results: tuple[Result, ...]
    files: tuple[str, ...]

    def summary(self) -> str:
        """A line for each form of each network, and where the files are."""
        lines = []
        for result in self.results:
            for form in result.forms:
                low, high = form.test.interval
                lines.append(
                    f"{result.experiment}, {result.network}, {form.form}:"
                    f" {100 * form.test.accuracy:.1f} % of {form.test.n:,}"
                    f" ({100 * low:.1f} to {100 * high:.1f} %),"
                    f" {form.weight_bytes:,} bytes of weights"
                )
        lines.append(f"wrote {self.output}: {', '.join(self.files)}")
        return "\n".join(lines) + "\n"
