"""Variants of a model file in fewer bits."""
