"""One name for what a reader can set: an argument in Python, an option on the command line.

    as_options("give a longer `budget`")         # give a longer --budget
    as_arguments("give a longer --budget")       # give a longer `budget`

Texts of the library name arguments in backquotes, so that results say the right thing in Python as they are; on its way
to a reader of the command line a text passes `as_options` (`dlbench.show.texts`). Errors that one option alone can
cause name the option, and `names_arguments` turns it round.
"""

from __future__ import annotations

import re

# A function of the Python API calls its argument as the option is called; the library's inner names may differ.
_SAME = (
    "backbone", "base_power", "base_price", "batch_size", "batch_sizes", "budget", "buy", "cuda_graph", "data",
    "device", "edge", "energy", "freeze", "keep_fp32", "known", "labels", "layers", "learning_rate", "machine",
    "machine_power", "machine_price", "mean", "name", "network", "normalise", "positive", "precision_goal",
    "prices", "providers", "rent", "resume", "same_within", "seed", "shape", "size", "speed_ratio", "std",
    "streams", "task", "threads", "workspace"
)  # fmt: skip
OPTIONS = {name: f"--{name.replace('_', '-')}" for name in _SAME} | {
    "augment=False": "--no-augment",
    "budget_s": "--budget",
    "document()": "--json",
    "electricity_usd_per_kwh": "--electricity-price",
    "eur": "--eur-usd",
    "every=True": "--all",
    "from_": "--from",
    "huf": "--huf-usd",
    "index": "--show",
    "inputs": "--input",
    "machine_power_w": "--machine-power",
    "machine_price_usd": "--machine-price",
    "min_rounds": "--rounds",
    "names": "--name",
    "networks": "--compare",
    "provider_options": "--provider-option",
    "rates_per_s": "--rates",
    "round_timeout_s": "--round-timeout",
    "scenarios": "--scenario",
    "shapes": "--shape",
    "tables()": "--full",
    "thread_counts": "--threads",
    "to_frame()": "--columns all",
}
_CALLED_OTHERWISE = {"--full": "tables()", "--input": "inputs", "--json": "document()", "--no-augment": "augment=False"}
_NAME = re.compile(r"`([\w=]+(?:\(\))?)`")
_OPTION = re.compile(r"`[^`]*`|\b(?:dlbench|pip) [^;:,]*|--[a-z0-9]+(?:-[a-z0-9]+)*")  # what is to be typed stays


def as_options(text: str) -> str:
    """Return a text with arguments as options: `budget` becomes --budget."""
    return _NAME.sub(lambda match: OPTIONS.get(match[1], match[0]), text) if "`" in text else text


def as_arguments(text: str) -> str:
    """Return a text with options as arguments in backquotes: --budget becomes `budget`."""

    def argument(match: re.Match[str]) -> str:
        name = match[0].removeprefix("--")
        return match[0] if name == match[0] else f"`{_CALLED_OTHERWISE.get(match[0], name.replace('-', '_'))}`"

    return _OPTION.sub(argument, text)
