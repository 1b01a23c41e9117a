"""Which network is asked for: a model file with its variants, or one of a result; and the results that measured it.

asked = asked_network("cnn", workspace)
asked.variants, asked.results
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dlbench.api.arguments import Inputs, PathLike, Shapes, given_inputs, shape_texts
from dlbench.api.networks import looked_at
from dlbench.bench.choosing.latencies import Variant, same_work
from dlbench.bench.measure.subjects import counted_from_files, model_record
from dlbench.bench.results.against_parent import AgainstParent
from dlbench.bench.results.schema import Result, is_result, newest_result, newest_results, read_result
from dlbench.errors import InputError, ModelFileError, ResultFileError
from dlbench.files import Workspace
from dlbench.model.card import ModelCard, read_model
from dlbench.model.inputs.feeds import parse_shape
from dlbench.model.opening import open_model

_MOST_VARIANTS = 20


def published_as(name: str, workspace: Workspace) -> str:
    """Return under which name the layers of a network of the workspace are published; empty: under none, or no file."""
    path = workspace.models / f"{name}.onnx"
    if name != path.stem or not path.is_file():
        return ""
    return _variant(read_model(path), None, None).work.name


@dataclass(frozen=True)
class AskedNetwork:
    """One network in all its files, and the results that may have timed it, the first of this machine."""

    name: str
    variants: tuple[Variant, ...]
    results: tuple[Result, ...]
    lost: tuple[str, ...] = ()  # variants that lost their answers
    newest: str = ""  # the result's file, where nothing was named


def asked_network(
    what: PathLike | Result | None,
    workspace: Workspace,
    others: Sequence[PathLike | Result] = (),
    network: str | None = None,
    shape: Shapes = None,
    inputs: Inputs = None,
) -> AskedNetwork:
    """Return the network that was named.

    Args:
        what: a model, a result or its file; None: the newest result of the workspace.
        workspace: where names and results are looked up.
        others: results of other machines.
        network: which network of a result.
        shape: sizes of a model's inputs that are left open.
        inputs: values of a model's inputs.

    Raises:
        InputError: nothing to choose for, several networks, or a file that can't be read.
    """
    more = {
        f"result {n}" if isinstance(each, Result) else str(each): each
        if isinstance(each, Result)
        else read_result(Path(each))
        for n, each in enumerate(others, 1)
    }
    newest = newest_result(workspace.results) if what is None else None
    if what is None:
        what = newest
        if what is None:
            raise InputError(
                f"choose: expected a model or a result, received none, and {workspace.results} has no result; name a "
                "model, as in dlbench choose cnn, or run dlbench compare first."
            )
    if is_result(what):
        result = what if isinstance(what, Result) else read_result(Path(what))
        counted = counted_from_files(result, workspace.models)
        named = "" if newest else f" {shlex.quote(str(what))}"
        typed = "" if isinstance(what, Result) else "dlbench choose" + named
        asked = _of_result(counted, tuple(more.values()), network, str(newest or ""), typed)
        return _with_times(asked, more)
    if network is not None:
        raise InputError(f"--network: expected a result to choose from, received the model {what}; leave it out.")
    assert not isinstance(what, Result)
    return _with_times(_of_model(looked_at(what, workspace), workspace, tuple(more.values()), shape, inputs), more)


def _with_times(asked: AskedNetwork, more: Mapping[str, Result]) -> AskedNetwork:
    """Return the network, where each result of another machine says something of it."""
    for name, result in more.items():
        if not any(same_work(model, v.model) for model in result.models for v in asked.variants):
            timed = ", ".join(model.name for model in result.models) or "none"
            raise InputError(
                f"--from: expected a result that timed {asked.name}, received {name[-80:]} with other networks: "
                f"{timed[:200]}; measure the same file there."
            )
    return asked


def _of_result(
    result: Result, more: Sequence[Result], network: str | None, newest: str, typed: str = ""
) -> AskedNetwork:
    judged = {each.model: each for each in result.variants}
    families = result.families
    if not families:
        raise ResultFileError("choose: expected a result with a network, received one without any.")
    chosen = _only_family(families, typed) if network is None else result.family(network)
    lost = tuple(name for name in families[chosen] if name in judged and judged[name].has_lost)
    variants = tuple(
        Variant.of(
            model,
            model.accuracy or (judged[model.name].accuracy if model.name in judged else None),
        )
        for model in result.models
        if model.name in families[chosen] and model.name not in lost
    )
    return AskedNetwork(chosen, variants, (result, *more), lost, newest)


def _only_family(families: Mapping[str, Sequence[str]], typed: str) -> str:
    if len(families) == 1:
        return next(iter(families))
    names = ", ".join(families)
    if typed:
        raise InputError(
            f"choose: expected one network, received a result with {len(families)}: {names[:200]}; name one, as in "
            f"{typed} --network {shlex.quote(list(families)[-1])}"
        )
    raise InputError(
        f"choose: expected one network, received a result with {len(families)}: {names[:200]}; name one with --network."
    )


def _of_model(
    card: ModelCard, workspace: Workspace, more: Sequence[Result], shape: Shapes, inputs: Inputs
) -> AskedNetwork:
    results = tuple(newest_results(workspace.results))
    judged = _judged((*results, *more))
    cards = [card, *_files_in_fewer_bits(card)]
    lost = tuple(each for each in cards[1:] if each.sha256 in judged and judged[each.sha256].has_lost)
    variants = []
    for each in cards:
        if each not in lost:
            one = _variant(each, shape, inputs)
            known = judged[each.sha256].accuracy if each.sha256 in judged else None
            variants.append(one if one.accuracy else replace(one, accuracy=known))
    kept = tuple(_that_timed(variants, results))
    names = tuple(each.name for each in lost)
    return AskedNetwork(card.name, tuple(variants), (*kept[:1], *more, *kept[1:]), names)


def _judged(results: Iterable[Result]) -> dict[str, AgainstParent]:
    """Return what results found of files in fewer bits, by the file's SHA-256; the first result counts."""
    found: dict[str, AgainstParent] = {}
    for result in results:
        files = {model.name: model.sha256 for model in result.models}
        for variant in result.variants:
            if variant.model in files and variant.verdict != "not judged":
                found.setdefault(files[variant.model], variant)
    return found


def _files_in_fewer_bits(card: ModelCard) -> list[ModelCard]:
    """Return the files beside it that were made from it."""
    found = []
    for path in sorted(card.path.parent.glob(f"{_pattern(card.path.stem)}.*.onnx"))[:_MOST_VARIANTS]:
        try:
            other = read_model(path)
        except ModelFileError:
            continue  # a file of that name that is no model is no variant either
        if other.variant is not None and other.variant.parent_sha256 == card.sha256:
            found.append(other)
    return found


def _pattern(stem: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in stem)


def _variant(card: ModelCard, shape: Shapes, inputs: Inputs) -> Variant:
    shapes, given = dict(parse_shape(text) for text in shape_texts(shape)), given_inputs(inputs)
    record = model_record(open_model(card, shapes, given=given), card.name)
    return Variant.of(record, record.accuracy)


def _that_timed(variants: Sequence[Variant], results: Iterable[Result]) -> Iterable[Result]:
    """Yield the newest result of each machine that timed one of these files."""
    machines = set()
    for result in results:
        timed = any(same_work(model, v.model) for model in result.models for v in variants)
        if timed and result.machine.fingerprint not in machines:
            machines.add(result.machine.fingerprint)
            yield result
