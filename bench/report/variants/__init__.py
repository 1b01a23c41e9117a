"""Variants in a report: what fewer bits gain and lose, and which networks another one beats in everything."""
