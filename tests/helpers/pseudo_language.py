"""A made-up language that shows what has no translation: every letter of the catalogue's texts becomes a Cyrillic one.

    with pseudo_language():
        untranslated(said("3 machines"))       # []: what is left in Latin letters is in no catalogue

What stays in Latin letters in every language is named here, each with its reason.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from unittest import mock

import pytest

from dlbench.bench.cost.catalogue import load_catalogue
from dlbench.cli import main
from dlbench.show import texts
from dlbench.show.locale import filled_texts

CODE = "xx"
_HOLE = re.compile(r"(\{\w*\})")
_LATIN = re.compile(r"[A-Za-z][A-Za-z'’-]*[A-Za-z]")
# typed or copied as it stands: `code`, "quoted", --option, <type>, [default: x], a path or an address
_TYPED = re.compile(r"`[^`]*`|'[^']*'|\"[^\"]*\"|--[\w-]+|<[^<>]*>|\[гдеафлу: [^]]*\]|\S*[/\\]\S*")
# no words: 3.5-MiB, trt_cache, a100-sxm, ReduceMean, GPU, mIoU
_NAME = re.compile(r"\S*[\d_]\S*|\w*[a-z][A-Z]\w*|\w*[A-Z]{2,}[a-z]\w+|[A-Z]{2,}(?:-[A-Z]{2,})*s?")
_OF_UNITS = {"ms", "msp", "ns", "min", "mJ", "kJ", "kWh", "mWh", "GiB", "MiB", "KiB", "cm", "mg", "kg", "max"}
_OF_PLACES = {"SE", "FR", "HU", "US", "DE", "PL", "EU"}
_OF_NETWORKS = {
    "dense",
    "cnn",
    "transfer",
    "logits",
    "logit",
    "image",
    "flat",
    "small",
    "mnist",
    "mnist-sample",
    "oxford-pets",
    "sample-photos",
}
_OF_CHOICES = {  # values that are typed: providers, kinds of hardware, tasks, losses, scenarios, formats
    "cpu", "cuda", "tensorrt", "openvino", "coreml", "directml", "xnnpack", "rocm", "migraphx", "webgpu", "acl", "qnn",
    "dnnl", "cloud", "edge", "gpu", "tpu", "service", "server", "offline", "binary", "multiclass", "multilabel",
    "regression", "unit-regression", "sigmoid", "softmax", "mean-squared-error", "binary-cross-entropy",
    "categorical-cross-entropy", "html", "md", "csv", "json", "terminal", "true", "false", "fashion-mnist", "cam",
    "onnxruntime", "ncnn", "tflite", "pytorch",
    "occlusion", "rise", "score-cam", "ablation-cam", "eigen-cam", "imagenet", "auto", "all", "colab", "mwh",
}  # fmt: skip
_OF_PRODUCTS = {
    "Intel", "Xeon", "Platinum", "Linux", "Python", "Runtime", "dlbench",
    "Apple", "Mac", "mini", "Air", "Neo", "Pro", "Raspberry", "Pi", "Model",
    "Jetson", "Nano", "Orin", "Super", "Google", "Coral", "Accelerator", "Edge", "Tesla", "Ti", "Cloud", "Pod",
    "Trillium", "Colab", "Free", "Azure", "Arm", "Core", "Ryzen", "Threadripper", "Lambda", "Vast", "ai", "community",
    "secure", "Cooper", "Lake", "Huawei", "InfiniBand", "Alibaba",
}  # fmt: skip
_OF_OPERATORS = {
    "Conv", "Relu", "Gemm", "Mul", "Add", "Flatten", "Reshape", "Shape", "Softmax", "Clip", "Concat",
}  # fmt: skip
_OF_PHOTOS = {"Abyssinian", "Maine", "Coon", "Soft-coated", "Wheaten", "Terrier", "American", "Pit", "Bull"}
_OF_IDS = set(load_catalogue().devices)
_KINDS = (_OF_UNITS, _OF_PLACES, _OF_NETWORKS, _OF_CHOICES, _OF_PRODUCTS, _OF_OPERATORS, _OF_PHOTOS, _OF_IDS)
KEPT = set().union(*_KINDS)

# what the made results and tables call their machines, classes, reasons
MADE_UP = (
    "the quiet laptop by the window", "a reason", "a note", "by hand", "no driver", "no price", "power;",
    "busy all the time", "release 1.2", "pip install it", "could not be loaded", "a backbone with a new head",
    "with a new head",
)  # fmt: skip
TYPED = frozenset(
    ("nosuch", "onnx", "xx", "text", "pytest", "network", "results", "models", "result", "model", "topic")
)  # by the user, and what arguments are called


def masked(text: str) -> str:
    """Return a text with Cyrillic letters in place of its Latin ones; its holes stay."""
    return "".join(part if _HOLE.fullmatch(part) else _cyrillic(part) for part in _HOLE.split(text))


def _cyrillic(text: str) -> str:
    def other(letter: re.Match[str]) -> str:
        code = ord(letter[0])
        return chr(0x410 + code - ord("A") if code < ord("a") else 0x430 + code - ord("a"))

    return re.sub("[A-Za-z]", other, text)


def untranslated(text: str, also: frozenset[str] = frozenset()) -> list[str]:
    """Return the words that no catalogue knows and that are no names; `also` are names of this text alone."""
    plain = _TYPED.sub(" ", text)
    found = []
    for token in re.split(r"[\s,;:()\[\]{}|=+]+", plain):
        if not _NAME.fullmatch(token):
            found += [word for word in _LATIN.findall(token) if word not in KEPT | also and not _NAME.fullmatch(word)]
    return found


@functools.cache
def _pseudo_catalogue() -> filled_texts.Catalogue:
    return filled_texts.Catalogue({text: masked(text) for text in filled_texts.catalogue_of("hu").exact})


@contextmanager
def pseudo_language() -> Iterator[str]:
    """Speak the made-up language inside the block; yields its code."""
    known, pseudo = filled_texts.catalogue_of, _pseudo_catalogue()

    def catalogue(code: str) -> filled_texts.Catalogue:
        return pseudo if code == CODE else known(code)

    with (
        mock.patch.dict(texts.LANGUAGES, {CODE: ("pseudo",)}),
        mock.patch.object(filled_texts, "catalogue_of", catalogue),
        texts.language(CODE),
    ):
        yield CODE


class _Visible(HTMLParser):
    """What a page shows: its text, and what it says on hover or to a screen reader."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in ("style", "script", "metadata")
        names = ("title", "alt", "aria-label", "placeholder")
        self.texts += [text for name, text in attrs if name in names and text]

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("style", "script", "metadata")

    def handle_data(self, data: str) -> None:
        if not self._hidden and data.strip():
            self.texts.append(data.strip())


def visible_texts(page: str) -> list[str]:
    """Return the texts of an HTML page or an SVG."""
    parser = _Visible()
    parser.feed(page)
    return parser.texts


def left_in(texts: Iterable[str], also: frozenset[str] = frozenset()) -> dict[str, list[str]]:
    """Return what is left of each text, but for made-up names and those that are `also` names here."""
    left = {}
    for text in texts:
        plain = functools.reduce(lambda rest, phrase: rest.replace(phrase, " "), MADE_UP, text)
        if words := untranslated(plain, also):
            left[text] = words
    return left


def printed(lines: list[list[str]], capsys: pytest.CaptureFixture[str]) -> str:
    """Run these command lines in the made-up language and return all that they print."""
    with pseudo_language():
        for line in lines:
            assert main(["--lang", CODE, *line]) in (0, 1, 2), line
    captured = capsys.readouterr()
    return captured.out + captured.err
