"""Variants of a network in fewer bits: how they are made, if they still answer right, and the pictures for both."""
