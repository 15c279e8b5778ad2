"""Import statements."""

from __future__ import annotations

import ast

from tflint.source.machine import Machine
from tflint.source.objects import Path
from tflint.source.paths import keras_path
from tflint.source.store import OPAQUE, Thing


def import_modules(machine: Machine, node: ast.Import) -> bool:
    """`import a.b as c`, and `import a.b`, which binds `a`."""
    for alias in node.names:
        if alias.asname:
            machine.write_name(alias.asname, Path(keras_path(alias.name)))
        else:
            root = alias.name.partition(".")[0]
            machine.write_name(root, Path(keras_path(root)))
    return True


def import_from(machine: Machine, node: ast.ImportFrom) -> bool:
    """`from a import b`; what other files of the project have is not known."""
    for alias in node.names:
        if alias.name == "*":
            # What it brings is not bound here, but looked for where nothing else is.
            home = "." if node.level or not node.module else node.module
            machine.scope.star_homes.append(home)
            continue
        thing: Thing = OPAQUE
        if node.module and not node.level:
            thing = Path(keras_path(f"{node.module}.{alias.name}"))
        machine.write_name(alias.asname or alias.name, thing)
    return True
