"""How long a network would take on a device that is not here: fitted on published measurements, told as a range."""
