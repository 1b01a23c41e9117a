"""What a model is fed, and what is refused with the input's name, type and shape."""

from __future__ import annotations

import numpy as np
import pytest

from dlbench.errors import ModelFileError
from dlbench.model.feeds import fixed_batch, make_arrays, parse_shape, plan_inputs, resolve


def test_a_named_first_dimension_is_the_batch():
    specs = plan_inputs([("image", "tensor(float)", ["batch", 3, 8, 8])], {})
    assert resolve(specs, 4) == [{"name": "image", "type": "tensor(float)", "shape": [4, 3, 8, 8]}]
    assert fixed_batch(specs) is None


def test_an_unnamed_first_dimension_is_the_batch():
    assert resolve(plan_inputs([("x", "tensor(float)", [None, 5])], {}), 2)[0]["shape"] == [2, 5]


def test_a_fixed_first_dimension_fixes_the_batch():
    assert fixed_batch(plan_inputs([("x", "tensor(float)", [6, 5])], {})) == 6


def test_several_inputs_share_the_batch_and_keep_their_types():
    specs = plan_inputs([("ids", "tensor(int64)", ["b", 7]), ("mask", "tensor(bool)", ["b", 7])], {})
    arrays = make_arrays(resolve(specs, 3), seed=0)
    assert arrays["ids"].shape == (3, 7)
    assert arrays["ids"].dtype == np.int64
    assert arrays["mask"].dtype == np.bool_


def test_a_scalar_input_is_fed():
    arrays = make_arrays(resolve(plan_inputs([("k", "tensor(int64)", [])], {}), 8), seed=0)
    assert arrays["k"].shape == ()


def test_the_same_seed_gives_the_same_floats_in_the_unit_interval():
    resolved = resolve(plan_inputs([("x", "tensor(float16)", ["n", 50])], {}), 4)
    one, two = make_arrays(resolved, 1)["x"], make_arrays(resolved, 1)["x"]
    assert one.dtype == np.float16
    np.testing.assert_array_equal(one, two)
    assert one.min() >= 0 and one.max() <= 1 and one.std() > 0.1


def test_an_open_dimension_is_refused_with_name_type_shape_and_the_option_that_settles_it():
    with pytest.raises(ModelFileError) as caught:
        plan_inputs([("tokens", "tensor(int64)", ["batch", "length"])], {})
    message = str(caught.value)
    for part in ("'tokens'", "tensor(int64)", "[batch, length]", "--shape tokens=1,1"):
        assert part in message


def test_the_asked_shape_settles_an_open_dimension_and_a_leading_1_stays_the_batch():
    specs = plan_inputs([("tokens", "tensor(int64)", ["batch", "length"])], {"tokens": (1, 128)})
    assert resolve(specs, 8)[0]["shape"] == [8, 128]


def test_another_leading_number_fixes_the_batch():
    specs = plan_inputs([("x", "tensor(float)", ["batch", 4])], {"x": (5, 4)})
    assert fixed_batch(specs) == 5


@pytest.mark.parametrize(
    ("asked", "words"), [((1, 3, 8), "4 dimensions"), ((1, 3, 9, 8), "expected 8, received 9"), ((1, 4, 8, 8), "3")]
)
def test_a_shape_that_does_not_fit_is_refused(asked: tuple, words: str):
    with pytest.raises(ModelFileError, match=words):
        plan_inputs([("image", "tensor(float)", ["n", 3, 8, 8])], {"image": asked})


@pytest.mark.parametrize("kind", ["tensor(string)", "seq(tensor(float))", "tensor(bfloat16)"])
def test_a_type_that_numpy_can_not_hold_is_refused_by_name(kind: str):
    with pytest.raises(ModelFileError, match=r"'x'.*can't be fed"):
        plan_inputs([("x", kind, [1])], {})


@pytest.mark.parametrize("text", ["image", "image=a,b", "=1,2", "image=0,3", "image=-1"])
def test_a_shape_option_that_can_not_be_read_is_refused(text: str):
    with pytest.raises(ModelFileError, match="--shape can't be read"):
        parse_shape(text)


def test_a_name_with_an_equals_sign_is_read():
    assert parse_shape("a=b=N,3") == ("a=b", ("N", 3))


def test_a_tensor_too_large_to_hold_is_refused():
    with pytest.raises(ModelFileError, match="too large"):
        resolve(plan_inputs([("x", "tensor(float)", ["n", 1 << 20])], {}), 1 << 15)


def test_a_zero_sized_dimension_is_refused():
    with pytest.raises(ModelFileError, match="received 0 at axis 1"):
        plan_inputs([("x", "tensor(float)", ["n", 0])], {})
