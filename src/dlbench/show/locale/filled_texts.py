"""A gettext catalogue that also knows its texts when they are filled in.

    catalogue = catalogue_of("hu")
    catalogue.translated("cnn: expected 3 sizes, received 2.", str)

The text of the catalogue behind it is "{name}: expected {n} sizes, received {received}."; what fills its holes is
translated in turn, for it may be a text of its own, and then fills the translation. So a library raises errors and
keeps warnings in one language, and only what shows them needs to know the reader's. Where a text is made of several
sentences, each is looked for.
"""

from __future__ import annotations

import functools
import gettext
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import resources

__all__ = ["Catalogue", "catalogue_of"]

_HOLE = re.compile(r"\{(\w*)\}")
_SENTENCE = re.compile(r"(?<=[.;:!?]) |\n+")
_STOPS = " \n.;:!?"
_LONGEST = 6000  # characters; longer texts are pages of others' words
_DEEPEST = 6  # texts in texts
_MOST_PARTS = 40
_WEAK = 7  # letters: a text with fewer must be filled with single words, but for "fed: {what}"
_NEXT = re.compile(r"[.!?] [^\W_a-z]")  # where another sentence begins


@dataclass(frozen=True)
class _Template:
    parts: tuple[str, ...]  # what stands around the holes, one more than them
    holes: tuple[str, ...]
    translation: str
    weight: int  # letters around the holes

    def fillings(self, text: str) -> dict[str, str] | None:
        """Return what fills each hole of this text, or None if it is another text. Never tries twice: linear."""
        first, *middle, last = self.parts
        if not text.startswith(first) or not text.endswith(last) or len(text) < len(first) + len(last):
            return None
        values: dict[str, str] = {}
        at, end = len(first), len(text) - len(last)
        for hole, part in zip(self.holes, [*middle, None], strict=True):
            upto = end if part is None else text.find(part, at, end)
            if upto < 0:
                return None
            value = text[at:upto]
            if values.setdefault(hole, value) != value or self._strange(value, at):
                return None
            at = upto + len(part or "")
        return values

    def _strange(self, value: str, at: int) -> bool:
        """Say whether this fills no hole: many words in a short text, half a bracket, a sentence before its start."""
        weak = self.weight < _WEAK and not self.parts[0].endswith(": ")
        halved = value.count("(") != value.count(")")
        return halved or (weak and " " in value.strip()) or (at == 0 and _NEXT.search(value) is not None)


class Catalogue:
    """The texts of a language."""

    def __init__(self, exact: Mapping[str, str]) -> None:
        self.exact = {source: text for source, text in exact.items() if source and text}
        # a text that follows another begins with a space
        self._bare = {source.strip(): text.strip() for source, text in self.exact.items()}
        self._translated = functools.lru_cache(maxsize=4096)(self._new)

    @functools.cached_property
    def _templates(self) -> list[_Template]:
        found = [t for t in map(_template, self._bare.items()) if t is not None and t.weight > 1]
        return sorted(found, key=lambda t: -t.weight)

    def translated(self, text: str, write: Callable[[str], str]) -> str:
        """Return a finished text in this language; `write` writes what is no text, such as a figure."""
        return text if len(text) > _LONGEST else self._translated(text, write, 0)

    def _new(self, text: str, write: Callable[[str], str], depth: int) -> str:
        bare = text.strip()
        if not bare or depth > _DEEPEST:
            return text
        said = self._stretch(bare, write, depth)
        if said is None:
            said = self._in_sentences(bare, write, depth)
        before, _, after = text.partition(bare)
        return before + (self._in_list(bare, write, depth) if said is None else said) + after

    def _whole(self, text: str, write: Callable[[str], str], depth: int) -> str | None:
        """Translate a text of the catalogue; at the beginning of a sentence it may have a capital letter."""
        known = self._known(text, write, depth)
        if known is None and text[:1].isupper():
            known = self._known(text[0].lower() + text[1:], write, depth)
            known = known[:1].upper() + known[1:] if known is not None else None
        return known

    def _known(self, text: str, write: Callable[[str], str], depth: int) -> str | None:
        if text in self._bare:
            return self._bare[text]
        for template in self._templates:
            values = template.fillings(text)
            if values is not None:
                filled = {hole: self._translated(value, write, depth + 1) for hole, value in values.items()}
                return template.translation.format(**filled)
        return None

    def _in_sentences(self, text: str, write: Callable[[str], str], depth: int) -> str | None:
        """Translate sentences that are known, the longest stretch first; another is told apart into its list."""
        borders = [0, *(border.end() for border in _SENTENCE.finditer(text)), len(text)]
        if not 2 < len(borders) < _MOST_PARTS:
            return None
        done, start = [], 0
        while start < len(borders) - 1:
            ends = range(len(borders) - 1 - (start == 0), start, -1)
            stretches = ((end, self._stretch(text[borders[start] : borders[end]], write, depth)) for end in ends)
            end, words = next((found for found in stretches if found[1] is not None), (start + 1, None))
            part = text[borders[start] : borders[end]]
            bare = part.rstrip(_STOPS)
            done.append(words if words is not None else self._in_list(bare, write, depth) + part[len(bare) :])
            start = end
        return "".join(done)

    def _stretch(self, part: str, write: Callable[[str], str], depth: int) -> str | None:
        """Translate sentences; where they stand in another text they may lack their stop, or have another."""
        for bare in dict.fromkeys((part.rstrip(), part.rstrip(_STOPS))):
            if bare and (whole := self._whole(bare, write, depth)) is not None:
                return whole + part[len(bare) :]
        lacks_stop = bare and part.rstrip()[-1] not in "?!"
        whole = self._whole(f"{bare}.", write, depth) if lacks_stop else None
        return whole.removesuffix(".") + part[len(bare) :] if whole is not None else None

    def _in_list(self, text: str, write: Callable[[str], str], depth: int) -> str:
        """Translate what stands between commas; single words only where all are known, for they may be names."""
        parts = text.split(", ")
        if not 1 < len(parts) < _MOST_PARTS:
            return write(text)
        known = [self._stretch(part, write, depth) for part in parts]
        own = [whole if whole is not None else write(part) for whole, part in zip(known, parts, strict=True)]
        if any(new == old for new, old in zip(own, parts, strict=True)):
            own = [new if " " in old or old not in self._bare else old for new, old in zip(own, parts, strict=True)]
        return ", ".join(own)


def _template(item: tuple[str, str]) -> _Template | None:
    source, translation = item
    if not _HOLE.search(source):
        return None
    pieces = _HOLE.split(source)
    parts = tuple(part.replace("{{", "{").replace("}}", "}") for part in pieces[::2])
    return _Template(parts, tuple(pieces[1::2]), translation, sum(c.isalpha() for part in parts for c in part))


@functools.cache
def catalogue_of(code: str) -> Catalogue:
    """Return the catalogue of a language that has one."""
    path = resources.files("dlbench.show") / "locale" / code / "LC_MESSAGES" / "dlbench.mo"
    with path.open("rb") as stream:
        read = gettext.GNUTranslations(stream)
    return Catalogue({key: text for key, text in vars(read)["_catalog"].items() if isinstance(key, str)})
