"""Which device to buy or rent for a network: latency, cost a month, what a measurement would settle."""
