"""Training of the reference applications: TensorFlow in a worker, the rest here."""
