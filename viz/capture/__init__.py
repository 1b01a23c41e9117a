"""From a picture to the values inside a network: activations, layer weights, receptive fields."""
