"""Count the figures in which a model grew by more than it may: `tflint memory --against` as JSON.

Budgets and what the runtime refuses are not counted: these are findings of `tflint check`, and
`fail-on` says what becomes of them.
"""

from __future__ import annotations

import json
import sys


def main() -> None:
    """Print the number."""
    failures = json.load(sys.stdin)["failures"]
    print(sum(failure["kind"] == "growth" for failure in failures))


if __name__ == "__main__":
    main()
