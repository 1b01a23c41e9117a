"""Waiting for other programs to leave the cores."""

from __future__ import annotations

import pytest

from dlbench.bench.machine.gaps import Patience, cores_in_use


class Machine:
    """Cores in use by the second, and a clock that moves as they are looked at."""

    def __init__(self, busy_until_s: float, in_use: float = 1.0, cores: int = 2) -> None:
        self.now, self._until, self._in_use, self._cores = 0.0, busy_until_s, in_use, cores

    def look(self, seconds: float) -> tuple[float, int]:
        self.now += seconds
        return (self._in_use if self.now < self._until else 0.0), self._cores

    def clock(self) -> float:
        return self.now

    def patience(self, budget_s: float) -> Patience:
        return Patience(budget_s, self.look, self.clock)


def test_a_calm_machine_is_not_waited_for():
    machine = Machine(0)
    said: list[float] = []
    assert machine.patience(60).wait(2, lambda in_use, of: said.append(in_use / of)) == 0.0 and not said


def test_it_waits_until_the_others_are_done_and_says_what_it_waits_for():
    machine = Machine(2.0)
    said: list[float] = []
    assert machine.patience(60).wait(2, lambda in_use, of: said.append(in_use / of)) == pytest.approx(2.0, abs=0.2)
    assert said and set(said) == {0.5}


def test_others_that_leave_enough_cores_are_not_in_the_way():
    assert Machine(99).patience(60).wait(1, lambda *_: None) == 0.0
    assert Machine(99, in_use=1.5).patience(60).wait(1, lambda *_: None) > 0


def test_who_stays_is_not_waited_for_again_so_soon_and_15_percent_of_the_budget_are_the_most():
    machine = Machine(1e9)
    patience = machine.patience(60)
    assert patience.wait(2, lambda *_: None) == pytest.approx(5.0, abs=0.2)
    assert patience.wait(2, lambda *_: None) == 0.0
    waited = 5.0
    for _ in range(20):
        machine.now += 11
        waited += patience.wait(2, lambda *_: None)
    assert 8 < waited < 10
    assert Machine(1e9).patience(0).wait(2, lambda *_: None) == 0.0


def test_a_container_with_a_part_of_a_large_machine_looks_at_all_its_cores():
    assert Machine(99, in_use=20, cores=64).patience(60).wait(2, lambda *_: None) == 0.0
    assert Machine(99, in_use=1.2, cores=64).patience(60).wait(64, lambda *_: None) == 0.0  # 2 % of each: housekeeping
    assert Machine(99, in_use=64, cores=64).patience(60).wait(2, lambda *_: None) > 0


def test_the_cores_in_use_are_counted():
    in_use, of = cores_in_use(0.05)
    assert 0 <= in_use <= of <= 4096
