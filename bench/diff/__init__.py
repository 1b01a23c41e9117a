"""Same, faster, slower or can't tell: two results or two models compared."""
