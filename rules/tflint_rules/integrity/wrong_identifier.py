"""TFL002."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.errors import NotAModel
from tflint.finding import Finding, Severity
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule, Stage
from tflint_rules.example_models import sound_file

_POINTER = (
    b"version https://git-lfs.github.com/spec/v1\n"
    b"oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\n"
    b"size 8416\n"
)


class WrongIdentifier(Rule):
    """The file is not a TFLite model: its identifier is not `TFL3`.

    ## What it does
    Looks at the four bytes behind the first offset, which every TFLite file has, and says
    what the file is instead where that can be told: a Git LFS pointer, an HDF5 or Keras
    archive, a web page.

    ## Why it matters on a device
    TFLM does not look at the identifier. A pointer file of 130 bytes compiled into a
    firmware image is taken for a model and read far out of bounds.

    ## Repair
    Fetch the model itself: `git lfs pull` for a pointer, a conversion for another format.
    """

    meta = Metadata(
        "TFL002",
        "wrong-identifier",
        Severity.ERROR,
        stage=Stage.FILE,
        runtime_errors=(r"Model provided has model identifier '.*', should be 'TFL3'",),
    )
    examples = (
        Bad("A Git LFS pointer", lambda: _POINTER, says="Git LFS pointer"),
        Bad(
            "Another flatbuffer",
            lambda: sound_file()[:4] + b"ARCF" + sound_file()[8:],
            says="identifier is `ARCF`",
        ),
        Good("A TFLite model", sound_file),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        error = context.unreadable
        if isinstance(error, NotAModel):
            yield self.finding(
                f"not a TFLite model: {error}",
                help="give the file that the converter wrote; for a pointer, `git lfs pull` "
                "fetches it",
            )
