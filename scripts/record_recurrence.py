"""Write `docs/recurrent-networks.md`: what becomes of recurrent Keras networks.

    python scripts/record_recurrence.py [PART OF A NAME]

Needs TensorFlow, tf-keras, LiteRT and tflite-micro. Each network has a process of its own, as the
converter can crash; together they take half an hour. With a part of a name only those networks
are measured again. What was measured is kept in `scripts/recurrence/facts.json`.
"""

from __future__ import annotations

import datetime
import importlib.metadata
import json
import subprocess
import sys
from typing import Any

from recurrence.networks import FEATURES, STEPS, UNITS, networks
from recurrence.page import FACTS, PAGE, page

_PACKAGES = ("tensorflow", "keras", "tf-keras", "ai-edge-quantizer", "ai-edge-litert")
FRAMEWORKS = {"keras": "keras 3", "tf_keras": "tf-keras 2"}
_SECONDS = 900


def measured(framework: str, name: str) -> Any:
    """What a process of its own says of a network."""
    command = [sys.executable, __file__, "--measure", framework, name]
    ended = subprocess.run(command, check=False, capture_output=True, timeout=_SECONDS)
    if ended.returncode:
        print(ended.stderr.decode(errors="replace")[-2000:], file=sys.stderr)
        return {"fails": f"the process ended with {ended.returncode}"}
    return json.loads(ended.stdout.decode().splitlines()[-1])


def main() -> None:
    """Measure all networks, or those whose name is like the argument."""
    if sys.argv[1:2] == ["--measure"]:
        from recurrence.measuring import measured as measured_here

        print(json.dumps(measured_here(*sys.argv[2:])))
        return
    import keras

    part = sys.argv[1] if len(sys.argv) > 1 else ""
    known = json.loads(FACTS.read_text()) if FACTS.exists() else {"networks": {}}
    versions = {name: importlib.metadata.version(name) for name in _PACKAGES}
    head = {
        "schema": 1,
        "by": "scripts/record_recurrence.py",
        "date": datetime.date.today().isoformat(),
        "versions": versions,
        "target": "cortex-m4",
        "steps": STEPS,
        "features": FEATURES,
        "units": UNITS,
    }
    found = {}
    for name in networks(keras, 1):
        old = known["networks"].get(name)
        if old is None or part in name:
            old = {title: measured(module, name) for module, title in FRAMEWORKS.items()}
            print(name, json.dumps(old)[:300], flush=True)
        found[name] = old
        rows = {**known["networks"], **found}
        FACTS.write_text(json.dumps({**head, "networks": rows}, indent=1) + "\n")
    FACTS.write_text(json.dumps({**head, "networks": found}, indent=1) + "\n")
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
