"""Variants of a network in fewer bits: whether they still answer right, and the pictures that are asked."""
