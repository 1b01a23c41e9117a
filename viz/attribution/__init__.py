"""Which part of a picture decided: class activation maps, occlusion and other methods, with their checks."""
