"""What a call of `tflint train` came to, and its summary for a terminal."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tflint_reference_models.training.percent import interval_text, percent
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
            what = f"{result.experiment}, {result.network}"
            for form in result.forms:
                test = form.test
                lines.append(
                    f"{what}, {form.form}: {percent(test.accuracy)} of {test.n:,}"
                    f" ({interval_text(test.interval)}), {form.weight_bytes:,} bytes of weights"
                )
            lines += [f"{what}, no {one.form}: {one.reason}" for one in result.refused]
        lines.append(f"wrote {self.output}: {', '.join(self.files)}")
        return "\n".join(lines) + "\n"
