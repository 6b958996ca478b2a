"""Which candidate of an answer is taken."""

from __future__ import annotations

import pytest
import torch

from animeseg.refine import Decoded, Embedding
from animeseg.refine.prompt import choose

WHOLE = Embedding(None, (1024, 1024), (1024, 1024), "")
WIDE = Embedding(None, (512, 1024), (512, 1024), "")


def square(top, left, bottom, right, value=8.0):
    logits = torch.full((256, 256), -8.0)
    logits[top:bottom, left:right] = value
    return logits


def ask(candidates, estimates, wanted, shapeless=False, embedding=WHOLE):
    answer = Decoded(torch.stack(candidates)[None], torch.tensor([estimates]))
    return choose(embedding, answer, (wanted > 0)[None], torch.tensor([shapeless]))[0]


def test_agreement_with_the_detection_outweighs_a_slightly_better_rating():
    right, wrong = square(50, 50, 150, 150), square(50, 50, 100, 100)
    best = ask([wrong, right], [0.95, 0.9], square(55, 50, 155, 150))
    assert torch.equal(best, right)


def test_a_poor_rating_outweighs_a_slightly_better_agreement():
    doubtful, sure = square(50, 50, 150, 150), square(50, 50, 152, 150)
    assert torch.equal(ask([doubtful, sure], [0.3, 0.95], square(50, 50, 150, 150)), sure)


def test_where_nothing_agrees_the_rating_decides():
    first, second = square(0, 0, 10, 10), square(20, 20, 30, 30)
    assert torch.equal(ask([first, second], [0.2, 0.8], square(200, 200, 210, 210)), second)


def test_what_a_candidate_claims_in_the_padding_does_not_count():
    leaking = square(20, 20, 100, 100)
    leaking[128:] = 8.0
    clean = square(20, 20, 95, 95)
    best = ask([clean, leaking], [0.9, 0.9], square(20, 20, 100, 100), embedding=WIDE)
    assert torch.equal(best, leaking)


def test_of_a_detection_without_shape_only_the_extent_counts():
    ring = square(50, 50, 150, 150)
    ring[60:140, 60:140] = -8.0
    block = square(50, 50, 120, 120)
    best = ask([block, ring], [0.9, 0.9], square(50, 50, 150, 150), shapeless=True)
    assert torch.equal(best, ring)


@pytest.mark.parametrize("fault", [float("nan"), float("inf"), -float("inf")])
def test_candidates_with_numbers_that_are_not_finite_come_last(fault):
    broken, whole = square(50, 50, 150, 150), square(0, 0, 5, 5)
    broken[0, 0] = fault
    assert torch.equal(ask([broken, whole], [0.9, 0.1], square(50, 50, 150, 150)), whole)
    fine = square(50, 50, 150, 150)
    assert torch.equal(ask([fine, whole], [fault, 0.1], square(50, 50, 150, 150)), whole)
