"""What a model takes of a device's memory: arena, interpreter, flash."""
