"""Settings of a training are checked where they are made."""

from __future__ import annotations

from pathlib import Path

import pytest

from dlbench.errors import InputError
from dlbench.train import TrainSettings


def test_the_data_may_be_a_path():
    assert TrainSettings("cnn", data=Path("photos")).data == "photos"


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"network": None}, "network: expected text, received None"),
        ({"data": 3}, "data: expected text, received 3"),
        ({"name": 5}, "name: expected text, received 5"),
        ({"task": 3}, "task: expected text, received 3"),
        ({"freeze": 3}, "freeze: expected text, received 3"),
        ({"learning_rate": "0.1"}, "received '0.1'"),
        ({"epochs": "3"}, "received '3'"),
        ({"seed": -1}, "received -1"),
    ],
)
def test_a_setting_of_the_wrong_kind_is_named(setting, message):
    with pytest.raises(InputError) as caught:
        TrainSettings(**({"network": "cnn"} | setting))
    assert message in str(caught.value)
