"""Which device to buy or rent for a network, from what was measured, published and estimated."""
