"""Run the command line as ``python -m tflint``."""

from tflint.cli.main import main

if __name__ == "__main__":
    main()
