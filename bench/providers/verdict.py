"""The verdict on a cell: where ONNX Runtime placed its nodes, whatever was asked for.

placed = place(provider("cuda"), reply)
placed.verdict, placed.reason, placed.shares
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dlbench.bench.providers.registry import PROVIDERS, Provider
from dlbench.bench.results.records import Count, Many, Name, ProviderShare, Record, Text, Verdict


class Placement(Record):
    """Where the nodes of a cell went."""

    verdict: Verdict
    reason: Text
    nodes_on_provider: Count
    nodes_total: Count
    fallback_operators: dict[Name, Count]
    shares: Many[ProviderShare]


def place(wanted: Provider, reply: Mapping[str, Any]) -> Placement:
    """Judge a worker's evidence: `providers` of the session, `nodes` and `operators` on each of them."""
    nodes: dict[str, int] = reply["nodes"]
    here, total = nodes.get(wanted.ort_name, 0), sum(nodes.values())
    fallback: dict[str, int] = {}
    for name, kinds in reply["operators"].items():
        if name != wanted.ort_name:
            for operator, number in kinds.items():
                fallback[operator] = fallback.get(operator, 0) + number
    where = ", ".join(f"{n} on {short_name(name)}" for name, n in nodes.items())
    operators = ", ".join(f"{op} x{n}" if n > 1 else op for op, n in sorted(fallback.items(), key=lambda o: -o[1])[:12])
    verdict: Verdict
    if not total:
        verdict = "folded"
        reason = (
            "nothing is left to run: the answer does not depend on what is fed, so ONNX Runtime computed all of it "
            "while it loaded the model"
        )
    elif wanted.ort_name not in reply["providers"] or not here:
        verdict, reason = "fell_back", f"asked for {wanted.name}, but the nodes ran elsewhere: {where}"
    elif here < total:
        verdict, reason = "partial", f"nodes: {where}; fell back: {operators}"
    else:
        verdict, reason = "ran", f"all {total} nodes ran on {wanted.name}"
    shares = tuple(
        ProviderShare(provider=short_name(name), nodes=n, node_share=n / total) for name, n in nodes.items() if n
    )
    return Placement(
        verdict=verdict,
        reason=reason[:1000],
        nodes_on_provider=here,
        nodes_total=total,
        fallback_operators=fallback,
        shares=shares,
    )


def time_shares(shares: Sequence[ProviderShare], profiled: Sequence[Mapping[str, Any]]) -> tuple[ProviderShare, ...]:
    """Add each provider's share of the kernels' time, from the nodes of a profiled run (`provider`, `seconds`)."""
    seconds: dict[str, float] = {}
    for node in profiled:
        name = short_name(node["provider"])
        seconds[name] = seconds.get(name, 0.0) + node["seconds"]
    total = sum(seconds.values())
    if not total:
        return tuple(shares)
    return tuple(s.model_copy(update={"time_share": seconds.get(s.provider, 0.0) / total}) for s in shares)


def short_name(ort_name: str) -> str:
    """Return the short name of a provider, the one users type, from ONNX Runtime's name."""
    known = next((p.name for p in PROVIDERS.values() if p.ort_name == ort_name), None)
    return known or ort_name.removesuffix("ExecutionProvider").lower()
