"""What the original project's tables say of its networks, in all their forms.

Its headline table, and its analysis workbook: KB of 1,024 bytes of all constants. Accuracies are in
percent, where there is one for the form.
"""

from __future__ import annotations

from collections.abc import Mapping

from tflint.report.reference_result import PublishedFigures
from tflint_reference_models.application import Application, Published

# The reduced networks, which "the original" means unless said otherwise.
REDUCED: Mapping[str, tuple[Published, ...]] = {
    "motion_sense": (
        Published("float32", 19.5, None, ""),
        Published("float16", 9.76, None, ""),
        Published("dynamic", 6.02, 92.31, "36 of 39 plots"),
    ),
    "music_classifier": (
        Published("float32", 159, None, ""),
        Published("float16", 79.5, None, ""),
        Published("dynamic", 42, 88.45, "windows at random"),
    ),
    "keyword_spotting": (
        Published("float32", 21, 98.42, "utterances at random"),
        Published("float16", 10.5, None, ""),
        Published("dynamic", 6.01, 98.21, "utterances at random"),
    ),
    "car_sensor": (
        Published("float32", 7.07, None, ""),
        Published("float16", 3.54, None, ""),
        Published("dynamic", 2.57, 95.0, "windows at random"),
    ),
}
# Those that they were reduced from.
UNREDUCED: Mapping[str, tuple[Published, ...]] = {
    "motion_sense": (Published("float32", 326, 97.436, "38 of 39 plots"),),
    "music_classifier": (Published("dynamic", 248, 91.59, "windows at random"),),
}
# In which form of the original's a form is published, where it is in none of its own.
_COUNTERPARTS = {"int8": "dynamic"}


def published_figures(of: Application, form: str) -> PublishedFigures | None:
    """What was published of the reduced network in a form: what the application says, else all
    that is known. Beside int8, which the original does not have, stands its dynamic range.
    """
    known = (*of.published, *REDUCED.get(of.name, ()))
    for wanted in (form, _COUNTERPARTS.get(form)):
        for one in known:
            if one.form == wanted:
                return figures_of(one)
    return None


def figures_of(one: Published) -> PublishedFigures:
    """The same as reports have it: accuracies are parts of 1."""
    accuracy = None if one.accuracy is None else one.accuracy / 100
    return PublishedFigures(one.form, one.kilobytes, accuracy, one.note)
