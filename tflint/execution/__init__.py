"""Running models on the host, each in a worker process: LiteRT, and TFLM where it is installed."""
