"""The proof of a repair: both models run, and what their outputs differ by."""
