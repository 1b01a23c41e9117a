"""How many examples each attack tries: few in a usual run, many with --long."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings


@pytest.fixture
def examples(request: pytest.FixtureRequest) -> Callable[[int], Any]:
    """Give the settings of an attack: so many examples, always the same; with --long as many as it says, always new."""
    long = request.config.getoption("--long")

    def chosen(usual: int) -> Any:
        return settings(
            max_examples=long or usual,
            derandomize=not long,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=True,
        )

    return chosen
