"""The commands that build a network anew and convert it, for findings that only this repairs."""

from __future__ import annotations

from tflint.finding import Fix, FixSafety

# Of an archive, which says itself what its network is.
OF_ARCHIVE = Fix(FixSafety.RECONVERT, "tflint fix {path} --reconvert")
# Of a model, whose weights are carried over; the names stand for the user's own.
FROM_SOURCE = Fix(FixSafety.RECONVERT, "tflint fix {path} --reconvert --source model.py:build")
# Of a quantised model, where what was rounded away is needed again.
FROM_FLOATS = Fix(
    FixSafety.RECONVERT, "tflint fix {path} --reconvert --source model.h5 --calibrate DATA"
)
# Of a model that was converted with settings that it should not have, to floats and to integers.
AGAIN = Fix(FixSafety.RECONVERT, "tflint convert model.h5 -o {path}")
AGAIN_TO_INTEGERS = Fix(
    FixSafety.RECONVERT, "tflint convert model.h5 -o {path} --quantize int8 --calibrate DATA"
)
