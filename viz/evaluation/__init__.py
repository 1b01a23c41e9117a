"""How well a network does on a data set: errors, calibration, precisions side by side, training curves."""
