"""Keras networks as facts: layers, how they are connected, shapes and weights."""
