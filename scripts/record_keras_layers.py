"""Write `tests/keras/layers.jsonl`: random layers and what Keras 3 and tf-keras make of them.

    python scripts/record_keras_layers.py PYTHON_WITH_TENSORFLOW [COUNT] [SEED]

A line each: `[case, answer of Keras 3, answer of Keras 2]`, an answer being output shapes and
variables, `"refused"`, or null for layers that the version does not have. The versions come first.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from keras_layers.cases import cases
from keras_layers.compare import ask

OUTPUT = Path(__file__).parents[1] / "tests" / "keras" / "layers.jsonl"


def compact(answer: dict[str, Any]) -> Any:
    """An answer without what changes from run to run."""
    if "shapes" in answer:
        variables = [[shape, trains] for _, shape, trains in answer["variables"]]
        return {"shapes": answer["shapes"], "variables": variables}
    return "refused" if "error" in answer else None


def main() -> None:
    """Ask both and write their answers."""
    python, count, seed = [*sys.argv[1:], *["700", "2026"][len(sys.argv) - 2 :]]
    made = list(cases(int(seed), int(count)))
    versions_3, *answers_3 = ask(python, 3, made)
    versions_2, *answers_2 = ask(python, 2, made)
    origin = {"by": "scripts/record_keras_layers.py", "keras": versions_3["keras"]}
    origin |= {"tf_keras": versions_2["keras"], "tensorflow": versions_3["tf"]}
    rows: list[Any] = [origin]
    for case, three, two in zip(made, answers_3, answers_2, strict=True):
        rows.append([case, compact(three), compact(two)])
    text = "".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows)
    OUTPUT.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
