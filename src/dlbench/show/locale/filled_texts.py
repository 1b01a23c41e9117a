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
from dataclasses import dataclass, field, replace
from importlib import resources

from dlbench.show.locale import hungarian

_HOLE = re.compile(r"\{(\w*)\}")
_SENTENCE = re.compile(r"(?<=[.;:!?]) (?![^()]*\))|\n+")  # not within brackets
_STOPS = " \n.;:!?"
_JOINTS = ",; "
_SIGNS = "%="
_LONGEST = 6000  # characters; longer texts are pages of others' words
_EXACT = 1 << 20  # the weight of a text without holes
_DEEPEST = 6  # texts in texts
_MOST_PARTS = 40
_WEAK = 7  # letters: a text with fewer must be filled with single words, but for "fed: {what}"
_BRACKET = re.compile(r"([^()]+) \(([^()]+)\)(.*)", re.DOTALL)
_STOP = re.compile(r"[.:;!?,\n] ")
_COMMA = re.compile(r", (?![^()]*\))")
_NEXT = re.compile(r"[.!?] [^\W_a-z]")  # where another sentence begins


@dataclass(frozen=True)
class _Template:
    parts: tuple[str, ...]  # what stands around the holes, one more than them
    holes: tuple[str, ...]
    translation: str
    weight: int  # letters, digits and signs around the holes

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
            if values.setdefault(hole, value) != value or self._strange(hole, value, at):
                return None
            at = upto + len(part or "")
        return None if self._is_list(text, values) else values

    def _is_list(self, text: str, values: Mapping[str, str]) -> bool:
        """Say whether this is the filled text several times, with commas between, and not once."""
        parts = _COMMA.split(text) if any(", " in value for value in values.values()) else ()
        return len(parts) > 1 and all(self.fillings(part) is not None for part in parts)

    def _strange(self, hole: str, value: str, at: int) -> bool:
        """Say if this fills no hole: many words in a short text, half a bracket, lines, or a sentence before its start.

        {n} is a number: "9 of 12" is known, "best of all" is a name.
        """
        weak = self.weight < _WEAK and not self.parts[0].endswith(": ")
        halved = value.count("(") != value.count(")") or value.find(")") < value.find("(")
        halved = halved or ("\n" in value and "\n" not in "".join(self.parts))
        no_number = hole == "n" and not any(c.isdecimal() for c in value)
        return no_number or halved or (weak and " " in value.strip()) or (at == 0 and _NEXT.search(value) is not None)


@dataclass(frozen=True)
class _Match:
    weight: int
    translation: str
    values: Mapping[str, str] = field(default_factory=dict)
    capital: bool = False


class Catalogue:
    """The texts of a language."""

    def __init__(
        self, exact: Mapping[str, str], fill: Callable[[str, Mapping[str, object]], str] = str.format_map
    ) -> None:
        self.fill = fill  # a text with its values
        self.exact = {source: text for source, text in exact.items() if source and text}
        # a text that follows another begins with a space, or with a comma
        self._bare = {
            source.strip().lstrip(_JOINTS): text.strip().lstrip(_JOINTS) for source, text in self.exact.items()
        }
        self._translated = functools.lru_cache(maxsize=4096)(self._new)

    @functools.cached_property
    def _templates(self) -> list[tuple[str, _Template]]:
        """Templates with their longest part, the best fitting first: that part alone rules out nearly all of them."""
        found = [t for t in map(_template, self._bare.items()) if t is not None and t.weight > 1]
        return [(max(t.parts, key=len), t) for t in sorted(found, key=lambda t: -t.weight)]

    def translated(self, text: str, write: Callable[[str], str]) -> str:
        """Return a finished text in this language; `write` writes what is no text, such as a figure."""
        return text if len(text) > _LONGEST else self._translated(text, write, 0)

    def _new(self, text: str, write: Callable[[str], str], depth: int) -> str:
        bare = text.strip()
        if not bare or depth > _DEEPEST:
            return text
        said = self._stretch(bare, write, depth)
        if said is None and "\n" in bare:  # paragraphs are texts of their own
            return "\n".join(self._translated(line, write, depth + 1) for line in text.split("\n"))
        for way in (self._with_brackets, self._in_sentences, self._in_list):
            said = way(bare, write, depth) if said is None else said
        before, _, after = text.partition(bare)
        return before + (said or bare) + after

    def _match(self, text: str) -> _Match | None:
        """Find the text of the catalogue that fits best; at a sentence's beginning it may have a capital letter."""
        known = self._known(text)
        if not text[:1].isupper() or (known is not None and known.weight == _EXACT):
            return known
        lower = self._known(text[0].lower() + text[1:])
        if lower is None or (known is not None and known.weight >= lower.weight):
            return known
        return replace(lower, capital=True)

    def _known(self, text: str) -> _Match | None:
        if text in self._bare:
            return _Match(_EXACT, self._bare[text])
        for longest, template in self._templates:
            values = template.fillings(text) if longest in text else None
            if values is not None:
                return _Match(template.weight, template.translation, values)
        return None

    def _filled(self, match: _Match, write: Callable[[str], str], depth: int) -> str:
        values = {hole: self._translated(value, write, depth + 1) for hole, value in match.values.items()}
        text = self.fill(match.translation, values) if values else match.translation
        return text[:1].upper() + text[1:] if match.capital else text

    def _with_brackets(self, text: str, write: Callable[[str], str], depth: int) -> str | None:
        """Translate "name (what it is)" apart, for the name may be nobody's text."""
        found = _BRACKET.fullmatch(text)
        if found is None or _STOP.match(found[3]) or found[3].lstrip()[:1].isalnum():
            return None
        if _STOP.search(found[1]) and self._match(found[1]) is None:
            return None
        name, inside, rest = (self._translated(part, write, depth + 1) for part in found.groups())
        return f"{name} ({inside}){rest}"

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
        whole, bare = part.rstrip(), part.rstrip(_STOPS)
        if not bare:
            return None
        ways = [(text, self._match(text)) for text in dict.fromkeys((bare, whole))]
        known = [(text, match) for text, match in ways if match is not None]
        if known:
            text, match = max(known, key=lambda way: way[1].weight)  # the first of equals
            return self._filled(match, write, depth) + part[len(text) :]
        stopped = self._match(f"{bare}.") if whole[-1] not in "?!" else None
        return self._filled(stopped, write, depth).removesuffix(".") + part[len(bare) :] if stopped else None

    def _in_list(self, text: str, write: Callable[[str], str], depth: int) -> str:
        """Translate what stands between commas; single words only where all are known, for they may be names."""
        parts = _COMMA.split(text)
        if not 1 < len(parts) < _MOST_PARTS:
            return self._with_brackets(text, write, depth) or write(text)
        known = [self._stretch(part, write, depth) for part in parts]
        own = [
            whole if whole is not None else self._with_brackets(part, write, depth) or write(part)
            for whole, part in zip(known, parts, strict=True)
        ]
        if any(new == old for new, old in zip(own, parts, strict=True)):
            own = [new if " " in old or old not in self._bare else old for new, old in zip(own, parts, strict=True)]
        return ", ".join(own)


def _template(item: tuple[str, str]) -> _Template | None:
    source, translation = item
    if not _HOLE.search(source):
        return None
    pieces = _HOLE.split(source)
    parts = tuple(part.replace("{{", "{").replace("}}", "}") for part in pieces[::2])
    return _Template(
        parts, tuple(pieces[1::2]), translation, sum(c.isalnum() or c in _SIGNS for part in parts for c in part)
    )


@functools.cache
def catalogue_of(code: str) -> Catalogue:
    """Return the catalogue of a language that has one."""
    path = resources.files("dlbench.show") / "locale" / code / "LC_MESSAGES" / "dlbench.mo"
    with path.open("rb") as stream:
        read = gettext.GNUTranslations(stream)
    fill = hungarian.filled if code == "hu" else str.format_map
    return Catalogue({key: text for key, text in vars(read)["_catalog"].items() if isinstance(key, str)}, fill)
