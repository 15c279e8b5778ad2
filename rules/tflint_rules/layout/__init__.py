"""TFL1: data layout and what the Keras source made of it."""
