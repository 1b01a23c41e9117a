"""Transfer learning: a frozen part computed once, and what is trained behind it."""
