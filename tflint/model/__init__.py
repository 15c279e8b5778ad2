"""`.tflite` files: verify and parse, edit, write; and what their graphs mean."""
