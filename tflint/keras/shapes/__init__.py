"""What comes out of layers: shapes and weights, a family of layers a module."""
