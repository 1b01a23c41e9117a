"""The version of dlbench: this line is its one place, and pyproject.toml reads it."""

__version__ = "0.1.0"
