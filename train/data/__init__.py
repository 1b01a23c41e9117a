"""Data sets: loading by name or folder, splits, a look before training."""
