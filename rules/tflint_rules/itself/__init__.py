"""TFL9: tflint itself, and files it cannot make sense of."""
