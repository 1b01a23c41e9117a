"""Where the nodes of a cell ran, and what the verdict says of it: replies of a worker written by hand."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from dlbench.bench.providers.registry import provider
from dlbench.bench.providers.verdict import place, short_name, time_shares
from dlbench.bench.results.records import ProviderShare

CPU, CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"


def reply(nodes: dict[str, int], operators: dict[str, dict[str, int]] | None = None, providers=(CUDA, CPU)):
    """What a worker tells of a session for CUDA."""
    return {"providers": list(providers), "nodes": nodes, "operators": operators or {}}


def test_a_network_whose_every_node_ran_on_the_provider_ran():
    placed = place(provider("cuda"), reply({CUDA: 700}, {CUDA: {"Conv": 700}}))
    assert (placed.verdict, placed.reason) == ("ran", "all 700 nodes ran on cuda")
    assert (placed.nodes_on_provider, placed.nodes_total, placed.fallback_operators) == (700, 700, {})
    assert [(s.provider, s.nodes, s.node_share) for s in placed.shares] == [("cuda", 700, 1.0)]
    with pytest.raises(ValidationError):
        placed.verdict = "partial"  # a verdict can't be changed


def test_one_node_elsewhere_makes_it_partial_and_names_the_operators_the_most_frequent_first():
    operators = {CUDA: {"Conv": 6}, CPU: {"TopK": 1, "NonZero": 2, "Loop": 3}}
    placed = place(provider("cuda"), reply({CUDA: 6, CPU: 6}, operators))
    assert placed.verdict == "partial"
    assert placed.reason == "nodes: 6 on cuda, 6 on cpu; fell back: Loop x3, NonZero x2, TopK"
    assert (placed.nodes_on_provider, placed.nodes_total) == (6, 12)
    assert placed.fallback_operators == {"Loop": 3, "NonZero": 2, "TopK": 1}
    assert [(s.provider, s.node_share) for s in placed.shares] == [("cuda", 0.5), ("cpu", 0.5)]


def test_an_operator_that_fell_back_to_two_providers_is_counted_on_both():
    operators = {CPU: {"Conv": 2}, "DnnlExecutionProvider": {"Conv": 3}}
    placed = place(provider("cuda"), reply({CUDA: 1, CPU: 2, "DnnlExecutionProvider": 3}, operators))
    assert placed.fallback_operators == {"Conv": 5}


@pytest.mark.parametrize(
    ("nodes", "providers"),
    [
        ({CPU: 4}, (CUDA, CPU)),  # the session had the provider, but gave it no node
        ({CUDA: 0, CPU: 4}, (CUDA, CPU)),
        ({CPU: 4}, (CPU,)),
        ({CUDA: 4}, (CPU,)),  # a provider that the session does not list did no work, whatever else is told
    ],
)
def test_a_network_that_ran_elsewhere_fell_back(nodes: dict[str, int], providers: tuple[str, ...]):
    placed = place(provider("cuda"), reply(nodes, providers=providers))
    assert placed.verdict == "fell_back"
    assert placed.reason.startswith("asked for cuda, but the nodes ran elsewhere: ")
    assert all(share.nodes for share in placed.shares)  # a provider without a node has no share


def test_at_most_12_kinds_of_operator_are_named_in_the_reason():
    kinds = {f"Op{i:02}": 20 - i for i in range(14)}
    placed = place(provider("cuda"), reply({CUDA: 1, CPU: sum(kinds.values())}, {CPU: kinds}))
    assert "Op11 x9" in placed.reason and "Op12" not in placed.reason
    assert len(placed.fallback_operators) == 14


def test_a_reason_of_any_length_fits_into_the_result_file():
    kinds = {f"{'LongName' * 20}{i}": 1 for i in range(12)}
    placed = place(provider("cuda"), reply({CUDA: 1, CPU: 12}, {CPU: kinds}))
    assert len(placed.reason) == 1000  # the schema's limit of a text


def test_shares_of_time_are_those_of_the_kernels_seconds_on_each_provider():
    shares = [ProviderShare(provider=name, nodes=2, node_share=0.5) for name in ("cuda", "cpu")]
    shares.append(ProviderShare(provider="dnnl", nodes=1, node_share=0.2))
    profiled = [
        {"provider": CUDA, "seconds": 0.5},
        {"provider": CPU, "seconds": 1.0},
        {"provider": CUDA, "seconds": 2.5},
    ]
    assert [s.time_share for s in time_shares(shares, profiled)] == pytest.approx([0.75, 0.25, 0.0])


def test_shares_of_time_stay_unknown_without_a_profiled_run():
    shares = (ProviderShare(provider="cpu", nodes=2, node_share=1.0),)
    assert time_shares(shares, []) == shares and shares[0].time_share is None
    assert time_shares(shares, [{"provider": CPU, "seconds": 0.0}]) == shares


@pytest.mark.parametrize(
    ("long", "short"), [(CPU, "cpu"), ("DmlExecutionProvider", "directml"), ("NewExecutionProvider", "new")]
)
def test_a_provider_is_called_as_users_type_it(long: str, short: str):
    assert short_name(long) == short
