"""Where the cats-and-dogs photos lie, beside the checkout, where they are there."""

from pathlib import Path

SHARED_PHOTOS = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "cats-dogs"
