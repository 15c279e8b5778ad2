"""TFL7: the interface between a model and who runs it."""
