"""Write the tables of what TFLM and LiteRT support, by asking them."""

from probe.main import main

if __name__ == "__main__":
    main()
