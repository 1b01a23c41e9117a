"""What a measured time costs: formulas, prices, countries, buy or rent, estimates, published runs."""
