"""A cache of their own for the tests that train."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory: pytest.TempPathFactory):
    patch = pytest.MonkeyPatch()
    patch.setenv("DLBENCH_CACHE", str(tmp_path_factory.mktemp("cache")))
    yield
    patch.undo()
