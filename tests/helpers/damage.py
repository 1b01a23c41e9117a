"""Damage for the fuzz tests: bytes, JSON documents and protobuf messages, broken at random places from one seed.

    survives(lambda: read_model(path))      # an answer, or one line of a DlbenchError; else it raises
    broken_message(model, seed)             # a copy of the model with a few hostile fields

The same seed breaks the same places, so that a failure can be looked at again.
"""

from __future__ import annotations

import copy
import random
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from dlbench.errors import DlbenchError

LONGEST_S = 10
MOST_BYTES = 2 << 30

HOSTILE_WHOLE = (0, -1, 1, 2, 7, 127, 2**31 - 1, 2**31, 2**32, 2**62, 2**63 - 1, -(2**63), 1000)
HOSTILE_REAL = (0.0, -1.0, 1e-320, 1e38, float("nan"), float("inf"), float("-inf"))
HOSTILE_TEXT = (
    "",
    "\x00",
    "x" * 3000,
    "../../etc/passwd",
    "/dev/zero",
    "a\nb",
    "\x1b[31m",
    "漢字",
    "=1+1",
    " ",
    "=",
    "N",
)
HOSTILE_JSON = (
    None, True, 0, -1, 2**63, -(2**63) - 1, 10**400, 1e308, 1e-320, float("nan"), "", "x" * 5000, "\x00", [], {}, [[]],
    {"a": 1}, ["a"] * 50, [0] * 50, "2026-11-23", 0.5,
)  # fmt: skip


@contextmanager
def limits() -> Iterator[None]:
    """Give the block 10 s of processor time, and 2 GB more than the process has; what needs more raises."""
    import resource

    def too_long(*_: object) -> None:
        raise TimeoutError(f"took over {LONGEST_S} s of processor time")

    with open("/proc/self/statm") as stream:
        used = int(stream.read().split()[0]) * resource.getpagesize()
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    before = signal.signal(signal.SIGPROF, too_long)
    signal.setitimer(signal.ITIMER_PROF, LONGEST_S)
    resource.setrlimit(resource.RLIMIT_AS, (used + MOST_BYTES, hard))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def survives(call: Callable[[], Any]) -> Any:
    """Return what the call gives, or the line of its DlbenchError; whatever else it raises is a bug."""
    try:
        with limits():
            return call()
    except DlbenchError as error:
        line = str(error)
        assert line.strip() and "\n" not in line and len(line) < 3000, line[:3000]
        return line


def broken_bytes(content: bytes, seed: int) -> bytes:
    """Return the content with one to four places changed, cut, repeated or filled with noise."""
    chance, raw = random.Random(seed), bytearray(content)
    for _ in range(chance.randint(1, 4)):
        if not raw:
            break
        at, size = chance.randrange(len(raw)), chance.choice((1, 1, 2, 8, 100))
        match chance.randrange(6):
            case 0:
                raw[at] ^= 1 << chance.randrange(8)
            case 1:
                del raw[at : at + size]
            case 2:
                raw[at:at] = raw[at : at + size] * chance.choice((1, 2, 50))
            case 3:
                raw[at : at + size] = chance.randbytes(size)
            case 4:
                raw[at : at + size] = chance.choice((b"\xff", b"\x00", b"9", b'"', b"[", b"\n")) * size
            case _:
                del raw[at:]
    return bytes(raw)


def broken_document(document: Any, seed: int, hostile: tuple[Any, ...] = HOSTILE_JSON) -> Any:
    """Return a copy of a JSON document with one to three values replaced, dropped, doubled or renamed."""
    chance, whole = random.Random(seed), copy.deepcopy(document)
    for _ in range(chance.randint(1, 3)):
        places = list(_places(whole))
        if not places:
            break
        holder, key = chance.choice(places)
        match chance.randrange(5):
            case 0 if isinstance(holder, dict):
                holder[chance.choice(HOSTILE_TEXT)] = holder.pop(key)
            case 1:
                del holder[key]
            case 2 if isinstance(holder, list):
                holder.insert(key, copy.deepcopy(holder[key]))
            case _:
                holder[key] = copy.deepcopy(chance.choice(hostile))
    return whole


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from _places(value[key])


def broken_message(message: Any, seed: int) -> Any:
    """Return a copy of a protobuf message with one to four fields cleared, doubled, moved or made hostile."""
    chance, whole = random.Random(seed), type(message)()
    whole.CopyFrom(message)
    for _ in range(chance.randint(1, 4)):
        _break_one(whole, chance)
    return whole


def _break_one(whole: Any, chance: random.Random) -> None:
    holders = list(_messages(whole))
    # one kind of message first: else a model's many dimensions would take all the damage
    kind = chance.choice(sorted({type(holder).__name__ for holder in holders}))
    holder = chance.choice([holder for holder in holders if type(holder).__name__ == kind])
    field = chance.choice(list(holder.DESCRIPTOR.fields))
    if field.is_repeated:
        _break_repeated(holder, getattr(holder, field.name), field, chance)
    elif chance.random() < 0.25:
        holder.ClearField(field.name)
    elif field.message_type is not None:
        donors = [m for m in holders if m.DESCRIPTOR is field.message_type and m is not holder]
        if donors:
            _take(getattr(holder, field.name), chance.choice(donors))
        else:
            getattr(holder, field.name).SetInParent()
    else:
        setattr(holder, field.name, _hostile_value(field, holders, chance))


def _break_repeated(holder: Any, values: Any, field: Any, chance: random.Random) -> None:
    what = chance.randrange(5)
    if what == 0:
        holder.ClearField(field.name)
    elif what == 1 and len(values):
        del values[chance.randrange(len(values))]
    elif what == 2 and len(values) > 1:
        items = list(values)
        chance.shuffle(items)
        copies = [type(item).FromString(item.SerializeToString()) if field.message_type else item for item in items]
        holder.ClearField(field.name)
        values.extend(copies)
    elif field.message_type is not None:
        donors = [m for m in _messages(holder) if m.DESCRIPTOR is field.message_type]
        new = values.add()
        if donors:
            _take(new, chance.choice(donors))
    else:
        value = _hostile_value(field, [holder], chance)
        if what == 3 and len(values):
            values[chance.randrange(len(values))] = value
        else:
            values.append(value)


def _take(target: Any, donor: Any) -> None:
    content = donor.SerializeToString()
    if len(content) < 200_000:  # a message that takes itself in again and again would grow without end
        target.ParseFromString(content)


def _hostile_value(field: Any, holders: list[Any], chance: random.Random) -> Any:
    kind = field.cpp_type
    if kind == field.CPPTYPE_STRING:
        if field.type == field.TYPE_BYTES:
            return chance.choice((b"", b"\x00", b"\xff\xfe", chance.randbytes(9), b"x" * 3000))
        names = [text for h in holders for text in _texts(h)]
        return chance.choice(names) if names and chance.random() < 0.5 else chance.choice(HOSTILE_TEXT)
    if kind in (field.CPPTYPE_FLOAT, field.CPPTYPE_DOUBLE):
        return chance.choice(HOSTILE_REAL)
    if kind == field.CPPTYPE_ENUM:
        return chance.choice(list(field.enum_type.values_by_number))
    value = chance.choice(HOSTILE_WHOLE)
    if kind in (field.CPPTYPE_UINT32, field.CPPTYPE_UINT64):
        return abs(value) % 2**32
    return value if kind == field.CPPTYPE_INT64 else max(-(2**31), min(value, 2**31 - 1))


def _texts(message: Any) -> Iterator[str]:
    for field, value in message.ListFields():
        if field.cpp_type == field.CPPTYPE_STRING and field.type != field.TYPE_BYTES:
            yield from value if field.is_repeated else [value]


def _messages(message: Any) -> Iterator[Any]:
    yield message
    for field, value in message.ListFields():
        if field.message_type is not None:
            for inner in value if field.is_repeated else [value]:
                yield from _messages(inner)
