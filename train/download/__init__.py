"""Files from the internet: whole, with the right hash, and bounded when unpacked."""
