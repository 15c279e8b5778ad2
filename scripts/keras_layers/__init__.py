"""Random layers, built by Keras and by tflint, and compared."""
