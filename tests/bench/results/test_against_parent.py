"""What a variant lost, as a record: the verdict, the words, and what follows for a ranking."""

from __future__ import annotations

import pytest

from dlbench.bench.results.against_parent import AgainstParent
from dlbench.proportion import PairedDifference

OF = {"model": "cnn.int8", "parent": "cnn", "parent_sha256": "0" * 64}


@pytest.mark.parametrize(
    ("lost", "won", "allowed", "verdict", "words"),
    [
        (5, 0, 0.01, "kept", "lost 1 point of accuracy against cnn, of 1 point allowed (no real difference on 500"),
        (
            6,
            0,
            0.01,
            "lost",
            "lost 1.2 points of accuracy against cnn, of 1 point allowed (a real loss on 500 pictures",
        ),
        (8, 2, 0.01, "lost", "no real difference on 500 pictures: 95 % interval"),
        (6, 0, 0.02, "kept", "that is allowed"),
        (1, 9, 0.01, "kept", "lost no accuracy against cnn (a real gain on 500 pictures"),
        (0, 0, 0.0, "kept", "no real difference on 500 pictures"),
    ],
)
def test_more_than_was_allowed_is_lost_and_the_words_say_whether_it_is_real(lost, won, allowed, verdict, words):
    found = AgainstParent.judged(PairedDifference(500, lost, won), 490, allowed_drop=allowed, **OF)
    assert found.verdict == verdict and words in found.sentence
    assert found.correct == 490 - lost + won and found.accuracy and found.accuracy.samples == 500


def test_without_labels_no_more_than_the_changed_answers_can_be_lost():
    kept, lost = (AgainstParent.unlabelled(200, changed, **OF) for changed in (2, 3))
    assert (kept.verdict, lost.verdict, lost.accuracy) == ("kept", "lost", None)
    assert (
        "on 1.5% of 200 pictures without labels, where 1 point may be lost: its speed is not offered" in lost.sentence
    )
