"""Which settings serve a network best on this machine: what may be set, the search, and the code to paste."""
