"""Write `facts/tflm-flash.json` from the sizes of linked images (its first argument)."""

from code_sizes.main import main

if __name__ == "__main__":
    main()
