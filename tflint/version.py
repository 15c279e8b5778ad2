"""The version, where everything finds it without importing anything else."""

__version__ = "0.1.0"
