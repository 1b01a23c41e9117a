"""Variants of a model file in fewer bits."""

from dlbench.export.precision.variant_settings import VariantSettings
from dlbench.export.precision.variants import PRECISIONS, Variant, variant_path, write_variant

__all__ = ["PRECISIONS", "Variant", "VariantSettings", "variant_path", "write_variant"]
