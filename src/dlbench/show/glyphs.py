"""Names in any script on pictures: another font of this machine where the usual one lacks a sign, else Latin letters.

    notes = fit_glyphs(figure)          # ("猫 is drawn as Mao: no font of this machine has its signs",)

Matplotlib would draw an empty box for each sign that its own font lacks.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.text import Text

# what systems bring along for the scripts of Asia, tried before all other fonts
_FIRST = (
    "Noto Sans CJK", "Source Han Sans", "Yu Gothic", "Meiryo", "MS Gothic", "Microsoft YaHei", "SimHei",
    "Malgun Gothic", "Hiragino Sans", "PingFang", "Apple SD Gothic Neo", "Arial Unicode MS", "WenQuanYi", "IPA",
    "Noto Sans", "Segoe UI",
)  # fmt: skip
_MOST_FONTS = 400
_NAMED = 3


def fit_glyphs(figure: Figure) -> tuple[str, ...]:
    """Let every text of a figure be drawn, and return what must be said of it."""
    from matplotlib.text import Text

    texts = [text for text in figure.findobj(Text) if isinstance(text, Text) and not text.get_text().isascii()]
    lacking = _lacking(frozenset("".join(text.get_text() for text in texts)))
    if not lacking:
        return ()
    families, left = _families(lacking)
    for text in texts:
        if lacking.intersection(text.get_text()):
            text.set_fontfamily(["sans-serif", *families])
    if not left:
        return ()
    words = {word.strip(":;,.()") for text in texts for word in text.get_text().split() if left.intersection(word)}
    _spell_all(figure, texts, left)
    shown = ", ".join(f"{word} as {_spelt(word, left)}" for word in sorted(words)[:_NAMED])
    shown += ", ..." if len(words) > _NAMED else ""
    return (f"in Latin letters, for no font of this machine has the signs: {shown}",)


@lru_cache(maxsize=64)
def _lacking(signs: frozenset[str]) -> frozenset[str]:
    """Return the signs that Matplotlib's own font lacks."""
    from matplotlib.font_manager import FontProperties, findfont

    usual = _font(findfont(FontProperties(family=["sans-serif"])))
    return frozenset(s for s in signs if s.isprintable() and not s.isspace() and not _has(usual, s))


@lru_cache(maxsize=64)
def _families(signs: frozenset[str]) -> tuple[tuple[str, ...], frozenset[str]]:
    """Return font families that have these signs, and the signs that none has."""
    from matplotlib.font_manager import fontManager

    files = {font.name: font.fname for font in fontManager.ttflist if "last resort" not in font.name.lower()}
    names = sorted(files, key=lambda name: (not name.startswith(_FIRST), name))
    families, left = [], signs
    for name in names[:_MOST_FONTS]:
        font = _font(files[name])
        found = frozenset(s for s in left if _has(font, s))
        if found:
            families.append(name)
            left -= found
        if not left:
            break
    return tuple(families), left


def _font(path: str) -> Any:
    from matplotlib.ft2font import FT2Font

    try:
        return FT2Font(path)
    except (OSError, RuntimeError):  # a damaged font of the system
        return None


def _has(font: Any, sign: str) -> bool:
    return font is not None and font.get_char_index(ord(sign)) != 0


def _spell_all(figure: Figure, texts: list[Text], left: frozenset[str]) -> None:
    from matplotlib.ticker import FuncFormatter

    for text in texts:
        text.set_text(_spelt(text.get_text(), left))
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):  # labels of ticks are written anew at each drawing
            if left.intersection("".join(label.get_text() for label in axis.get_ticklabels())):
                usual = axis.get_major_formatter()
                axis.set_major_formatter(FuncFormatter(lambda x, at, usual=usual: _spelt(usual(x, at), left)))


def _spelt(text: str, left: frozenset[str]) -> str:
    """Return a text with these signs in Latin letters."""
    from anyascii import anyascii

    return "".join(anyascii(sign) if sign in left else sign for sign in text)
