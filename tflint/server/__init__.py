"""A language server for Keras sources: diagnostics and quick fixes in an editor."""
