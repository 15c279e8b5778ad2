"""Keras archives: `.keras`, `.h5` and SavedModel, read without executing anything."""
