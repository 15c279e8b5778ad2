"""Repairs: what `tflint fix` does, for sources so far."""
