"""What Hungarian asks of a text when it is filled in: the article before a word or a number.

filled("a {n} körből", {"n": "5"})      # "az 5 körből"
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_ARTICLE = re.compile(r"\b([Aa])z? (?=\{(\w+)\})")
_VOWELS = "aáeéiíoóöőuúüű"
_SPELLED = "AEFILMNORSUXY"  # letters whose names begin with a vowel: ef, el, em ... ipszilon
_ACRONYM = re.compile(r"[A-Z]{2,}(?![a-záéíóöőúüű])")


def filled(text: str, values: Mapping[str, object]) -> str:
    """Return the text with its values, `a` or `az` before each as it sounds."""

    def article(found: re.Match[str]) -> str:
        return f"{found[1]}z " if _begins_with_a_vowel(str(values.get(found[2], ""))) else f"{found[1]} "

    return _ARTICLE.sub(article, text).format(**values)


def _begins_with_a_vowel(value: str) -> bool:
    bare = value.lstrip("\"'„`(~<>+-")
    if number := re.match(r"\d[\d\s,.]*", bare):
        return _sounds_like_a_vowel(number[0])
    if _ACRONYM.match(bare):
        return bare[0] in _SPELLED
    return bool(bare) and bare[0].lower() in _VOWELS


def _sounds_like_a_vowel(number: str) -> bool:
    """5: öt, 5000: ötezer; 1: egy, 1000: ezer, 1,5: egy egész öt; but 10: tíz, 100: száz."""
    whole = re.sub(r"\s", "", re.split(r"[,.](?!\d{3}(?!\d))", number)[0]).replace(",", "").replace(".", "")
    return number[0] == "5" or (number[0] == "1" and len(whole) % 3 == 1)
