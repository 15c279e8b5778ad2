"""TFL0: can the file be read, and does it mean what it says."""
