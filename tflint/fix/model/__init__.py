"""Repairs of `.tflite` models: the engine, and one pass a file, named for its rule."""
