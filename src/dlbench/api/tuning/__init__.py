"""Which settings serve a network best on this machine, within what it may lose."""
