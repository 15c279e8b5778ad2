"""The repairs of sources there are, by the code of their rule."""

from __future__ import annotations

import functools
import importlib

from tflint.fix.source.source_fix import SourceFix

# Modules of this package, named for their rules.
_FIXES = (
    "channels_first",
    "custom_ops_flag",
    "deprecated_converter",
    "double_activation",
    "dynamic_dimension",
    "float_io",
    "mixed_layouts",
    "no_representative_dataset",
    "select_tf_ops_flag",
    "unfusable_batchnorm",
    "unused_suppression",
)


@functools.cache
def source_fixes() -> dict[str, SourceFix]:
    """Every repair of sources, by code."""
    found: dict[str, SourceFix] = {}
    for name in _FIXES:
        fix = importlib.import_module(f"tflint.fix.source.{name}").FIX
        if not isinstance(fix, SourceFix) or fix.code in found:
            raise RuntimeError(f"{name} holds no repair of its own")
        found[fix.code] = fix
    return dict(sorted(found.items()))
