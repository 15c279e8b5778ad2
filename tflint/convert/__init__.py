"""From Keras and SavedModel to .tflite: TensorFlow's converter, wrapped, and what it leaves out."""
