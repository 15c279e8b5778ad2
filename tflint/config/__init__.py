"""Configuration: files, environment and command line become one `Settings`."""
