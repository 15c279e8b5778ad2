"""Build random layers with Keras 3, tf-keras and tflint, and list where they differ.

python scripts/compare_keras_layers.py PYTHON_WITH_TENSORFLOW [COUNT] [SEED] [KIND]...
"""

from __future__ import annotations

import sys
from collections import Counter

from keras_layers.cases import cases
from keras_layers.compare import ask, disagreements


def main() -> int:
    """Print a summary and examples; 1 where tflint is wrong."""
    python, count, seed, *kinds = [*sys.argv[1:], *["5000", "0"][len(sys.argv) - 2 :]]
    made = list(cases(int(seed), int(count), tuple(kinds)))
    answers = {}
    for version in (3, 2):
        versions, *answers[version] = ask(python, version, made)
        built = sum("shapes" in answer for answer in answers[version])
        refused = sum("error" in answer for answer in answers[version])
        print(f"Keras {version}: {versions}, {built} built, {refused} refused")
    shown: Counter[tuple[str, str, int]] = Counter()
    for each in disagreements(made, answers):
        key = (each.what, each.case.get("kind", "operation"), each.version)
        shown[key] += 1
        if shown[key] == 1:
            told = " ".join(each.keras.split())[:200]
            print(f"{key} {each.case}\n    keras: {told}\n    tflint: {each.tflint[:200]}")
    for key, number in sorted(shown.items()):
        print(*key, number)
    return int(any(what not in ("missed", "unknown") for what, _, _ in shown))


if __name__ == "__main__":
    sys.exit(main())
