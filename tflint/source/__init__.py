"""Keras sources, read with `ast` and never imported: which layers they build, and where."""
