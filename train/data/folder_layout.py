"""Which pictures lie under a folder, with the label and the part of the split that folders and names say.

    found = labelled_pictures(Path("photos"))
    found.pictures[0].label, found.pictures[0].part         # cat, train
    found.warnings                                          # what was passed over

Read as people have them, at any depth:

- class folders, cats/a.jpg and dogs/b.jpg; folders inside a class belong to it, as in ImageFolder
- flat, as in Kaggle's set: cat.12.jpg and dog.7.jpg
- either of them in parts, train/cats/a.jpg and test/cats/c.jpg, in the usual spellings, and perhaps with a val/
- parts inside the classes: cats/train/a.jpg and cats/test/c.jpg
- any of them inside other folders: photos/photos/cats/a.jpg

Folders of systems (@eaDir, __MACOSX) and hidden files are left alone, and the names that cameras give are no labels.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from dlbench.errors import DataError
from dlbench.files import system_words
from dlbench.picture_files import looks_like_picture

_FLAT = re.compile(r"(?P<label>.*[^\W\d_].*?)[._ -]+\(?\d+\)?(?:\.\w+)?")
_BESIDE_A_PART = (
    "(?:the|my|all|x|seg|imgs?|images?|photos?|pictures?|data|set|split|sub|simple|small|large|full|new|final|cropped|"
    "resized|processed|augmented|original|folder|dir|public)*"
)
_PARTS = {
    part: re.compile(rf"\d*{_BESIDE_A_PART}(?:{words}){_BESIDE_A_PART}\d*")
    for part, words in {
        "train": "train|training|trainval|tanito|tanulo",
        "validation": "val|valid|validation|validate|dev|validacio|validacios|ellenorzo",
        "test": "test|testing|eval|evaluation|teszt",
    }.items()
}
_WRAPPER = re.compile(rf"{_BESIDE_A_PART}(?:raw|jpe?g|png|class|classes|archive|content|files)?")
_LONGEST_PART = 60  # characters
_SYSTEM = frozenset(
    {
        "@eadir", "@recycle", "@recently-snapshot", "@tmp", "#recycle", "#snapshot", "__macosx", "_macosx",
        "__pycache__", "$recycle.bin", "recycler", "system volume information", "lost+found", "network trash folder",
        "temporary items", "thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r",
    }
)  # fmt: skip
_CAMERA_FOLDER = re.compile(r"DCIM|[1-9]\d\d[A-Z0-9_]{5}")  # of the standard DCF: 100CANON, 101_PANA
_CAMERA_WORDS = frozenset(
    {
        "img", "imge", "dsc", "dscn", "dscf", "dcp", "mg", "pxl", "gopr", "gp", "gh", "gx", "dji", "mvimg", "sam",
        "imgp", "cimg", "hpim", "pict", "stp", "mov", "vid", "pano", "burst", "hdr", "wp", "fb", "snapchat", "signal",
        "whatsapp", "telegram", "viber",
    }
)  # fmt: skip
# no labels either, where no other name is one: a folder may tell photos from drawings
_PROGRAM_WORDS = _CAMERA_WORDS | {
    "image", "images", "photo", "photos", "picture", "pictures", "pic", "foto", "fotos", "kep", "screenshot", "screen",
    "shot", "from", "at", "am", "pm", "scan", "scanned", "untitled", "unnamed", "download", "downloads", "file",
    "frame", "copy", "of", "original", "received", "edited", "resized", "cropped",
}  # fmt: skip
_DEEPEST = 24
_MOST_ENTRIES = 1_000_000
_NAMED = 5


@dataclass(frozen=True)
class LabelledPicture:
    """A picture with its label."""

    path: Path
    label: str
    part: str = ""  # "train", "validation" or "test" where the folder says so


@dataclass(frozen=True)
class Found:
    """The labelled pictures of a folder."""

    pictures: tuple[LabelledPicture, ...]
    warnings: tuple[str, ...]
    received: str  # what the folder holds, for the message where there is nothing to learn from


@dataclass
class _Folder:
    """A folder's pictures, its folders, and what lies in it beside them."""

    path: Path
    pictures: list[Path] = field(default_factory=list)
    folders: list[_Folder] = field(default_factory=list)
    others: list[Path] = field(default_factory=list)

    @cached_property
    def filled(self) -> list[_Folder]:
        """The folders that hold a picture somewhere."""
        return [folder for folder in self.folders if folder.holds_pictures]

    @cached_property
    def holds_pictures(self) -> bool:
        return bool(self.pictures or self.filled)

    def walk(self) -> Iterator[_Folder]:
        """Yield this folder and all inside."""
        yield self
        for folder in self.folders:
            yield from folder.walk()

    def every_picture(self) -> Iterator[Path]:
        """Yield the pictures in it, at any depth."""
        for folder in self.walk():
            yield from folder.pictures


def labelled_pictures(root: Path) -> Found:
    """Return all pictures under `root` that have a label.

    Raises:
        DataError: a folder can't be read, or there are more than a million files.
    """
    top = _read(root, _Budget())
    pictures = _labelled(top)
    return Found(tuple(pictures), tuple(_passed_over(top, pictures)), _received(top))


# what lies there


class _Budget:
    """How many entries may still be looked at."""

    def __init__(self) -> None:
        self.left = _MOST_ENTRIES

    def take(self, count: int, folder: Path) -> None:
        self.left -= count
        if self.left < 0:
            raise DataError(
                f"{folder} is one of too many folders: expected at most {_MOST_ENTRIES:,} files below --data, received "
                "more; give the folder of the pictures themselves."
            )


def _read(path: Path, budget: _Budget, above: tuple[Path, ...] = ()) -> _Folder:
    """Return a folder with all inside; one that a link leads back to, or that is too deep, is not entered again."""
    folder, real = _Folder(path), Path(os.path.realpath(path))
    if real in above or len(above) > _DEEPEST:
        return folder
    for entry in _entries(path, budget):
        if entry.is_dir():
            folder.folders.append(_read(path / entry.name, budget, (*above, real)))
        elif entry.is_file():
            file = path / entry.name
            (folder.pictures if looks_like_picture(file) else folder.others).append(file)
    return folder


def _entries(path: Path, budget: _Budget) -> list[os.DirEntry[str]]:
    """Return what lies in a folder, sorted, without hidden files and those of systems."""
    try:
        with os.scandir(path) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError as error:
        why = system_words(error)
        raise DataError(f"can't read the folder {path}: {why}; check its permissions.") from error
    budget.take(len(entries), path)
    return [entry for entry in entries if not entry.name.startswith(".") and entry.name.lower() not in _SYSTEM]


# which folders are parts and classes


def _labelled(folder: _Folder) -> list[LabelledPicture]:
    """Return the pictures of the layout that this folder has, or that a folder in it has."""
    parts, classes = _parts(folder)
    if parts:
        apart = [item for part, inside in parts for item in _in_part(inside, part)]
        return apart + [item for one in classes for item in _in_class(one, "train")]
    flat = _flat(folder, "")
    if len(folder.filled) == 1 and _distinct(flat) < 2:
        inside = _labelled(folder.filled[0])
        if _distinct(inside) > 1 or not folder.filled[0].pictures:
            return inside
    return [item for one in classes for item in _in_class(one, "")] or flat


def _distinct(pictures: Iterable[LabelledPicture]) -> int:
    return len({item.label for item in pictures})


def _parts(folder: _Folder) -> tuple[list[tuple[str, _Folder]], list[_Folder]]:
    """Return the folders of a split, each with its part, and the folders of classes that no part holds."""
    named = [(part, inside) for inside in folder.filled if (part := _part_of(inside.path.name))]
    others = [inside for inside in folder.filled if not _part_of(inside.path.name)]
    if not others:
        return (named, []) if len(named) > 1 else ([], folder.filled)
    parts = [(part, inside) for part, inside in named if _holds_classes(inside)]
    if any(part == "train" for part, _ in parts):
        return parts, []
    # beside bus/ and car/, pictures in train/ are a class, those in test/ wait for an answer; valid/ may face invalid/
    plain = [inside for part, inside in named if (part, inside) not in parts and (part == "train" or len(others) < 2)]
    return parts, [*others, *plain]


def _holds_classes(folder: _Folder) -> bool:
    """Say whether what is called like a part of a split is one, and no class of trains."""
    return _distinct(_flat(folder, "")) > 1 or len(folder.filled) > 1 or bool(folder.filled and not folder.pictures)


def _part_of(name: str) -> str:
    """Return the part that a folder's name means: train for training_set, Train, seg_train; "" for any other name."""
    letters = _letters(name[:_LONGEST_PART])
    return next((part for part, pattern in _PARTS.items() if pattern.fullmatch(letters)), "")


def _letters(name: str) -> str:
    """Return letters and digits of a name alone, small and without accents."""
    plain = unicodedata.normalize("NFKD", name).casefold()
    return "".join(character for character in plain if character.isalnum())


def _in_part(folder: _Folder, part: str) -> list[LabelledPicture]:
    while len(folder.filled) == 1 and not folder.pictures and _is_wrapper(folder.filled[0], folder):
        folder = folder.filled[0]
    return [item for one in folder.filled for item in _in_class(one, part)] or _flat(folder, part)


def _is_wrapper(inside: _Folder, folder: _Folder) -> bool:
    """Say whether the only folder inside another is that one once more (seg_train/seg_train), and no class."""
    name = _letters(inside.path.name)
    return bool(name) and bool(name == _letters(folder.path.name) or _part_of(name) or _WRAPPER.fullmatch(name))


def _in_class(folder: _Folder, part: str) -> list[LabelledPicture]:
    """Return all pictures of a class, by the parts inside it where it has some."""
    if _CAMERA_FOLDER.fullmatch(folder.path.name):
        return []
    label = class_name(folder.path.name)
    inner, _ = ([], []) if part else _parts(folder)
    inside = {path: name for name, one in inner for path in one.every_picture()}
    return [LabelledPicture(path, label, part or inside.get(path, "")) for path in folder.every_picture()]


def _flat(folder: _Folder, part: str) -> list[LabelledPicture]:
    """Return the pictures whose names begin with a label."""
    matches = [(path, _FLAT.fullmatch(path.name)) for path in folder.pictures]
    labels = [(path, match["label"]) for path, match in matches if match]
    no_labels = _CAMERA_WORDS if any(not _made_of(label, _PROGRAM_WORDS) for _, label in labels) else _PROGRAM_WORDS
    return [LabelledPicture(path, class_name(label), part) for path, label in labels if not _made_of(label, no_labels)]


def _made_of(label: str, words: frozenset[str]) -> bool:
    """Say whether a name is made of these words alone: IMG, DSC, WhatsApp Image 2024-05-01 at."""
    return all(_letters(word) in words for word in re.findall(r"[^\W\d_]+", label))


def class_name(name: str) -> str:
    """Return a folder's name as a class is called: letter and accent one character, bytes that are no UTF-8 spelt."""
    spelt = os.fsencode(name).decode("utf-8", "backslashreplace") if os.name == "posix" else name
    return unicodedata.normalize("NFC", "".join(c if c.isprintable() else "?" for c in spelt))


# what is passed over


def _passed_over(top: _Folder, pictures: Sequence[LabelledPicture]) -> Iterator[str]:
    """Yield warnings about files and folders that were not used."""
    used = {item.path for item in pictures}
    strays = [path for path in top.every_picture() if path not in used]
    if strays:
        yield f"{len(strays):,} pictures have no label and were skipped: {_some(strays)}"
    levels = {_level(*place, top.path) for place in {(item.path.parent, item.label) for item in pictures}}
    empty = [
        one.path for folder in top.walk() if folder.path in levels for one in folder.folders if not one.holds_pictures
    ]
    if empty:
        yield f"{len(empty):,} folders hold no picture of a known format and were skipped: {_some(empty)}"
    others = [path for folder in top.walk() for path in folder.others]
    if others:
        has_heic = any(path.suffix.lower() in (".heic", ".heif") for path in others)
        advice = "; save HEIC as JPEG to use it" if has_heic else ""
        what = f"{len(others):,} files are no picture of a known format and were passed over"
        yield f"{what}: {_by_suffix(others)}{advice}"


def _level(folder: Path, label: str, top: Path) -> Path | None:
    """Return the folder that the class folders lie in; None where labels are no folders."""
    inside = [one for one in (folder, *folder.parents) if top in one.parents]
    return next((one.parent for one in inside if class_name(one.name) == label), None)


def _by_suffix(paths: Sequence[Path]) -> str:
    counts = Counter(path.suffix or "without a suffix" for path in paths).most_common()
    shown = ", ".join(f"{count:,} {class_name(suffix)[:20]}" for suffix, count in counts[:_NAMED])
    return shown + (", ..." if len(counts) > _NAMED else "")


def _some(paths: Sequence[Path]) -> str:
    return ", ".join(class_name(path.name)[:60] for path in paths[:_NAMED]) + (", ..." if len(paths) > _NAMED else "")


def _received(top: _Folder) -> str:
    pictures = list(top.every_picture())
    others = [path for folder in top.walk() for path in folder.others]
    if not pictures:
        return f"{len(others):,} other files: {_by_suffix(others)}" if others else "an empty folder"
    matches = [_FLAT.fullmatch(path.name) for path in pictures]
    of_cameras = [path for path, m in zip(pictures, matches, strict=True) if m and _made_of(m["label"], _PROGRAM_WORDS)]
    named = f", but the ones that a camera or a program gives ({_some(of_cameras[:2])})" if of_cameras else ""
    return f"{len(pictures):,} pictures whose names have no label{named}"
