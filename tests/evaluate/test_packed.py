import dataclasses

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from animeseg.evaluate.packed import IOUS, Match, Matches


@st.composite
def matches(draw):
    detections, characters = draw(st.integers(0, 100)), draw(st.integers(0, 40))

    def flags(*shape):
        return draw(arrays.arrays(np.bool_, shape))

    return Match(
        draw(arrays.arrays(np.float32, (detections,), elements=st.floats(0, 1, width=32))),
        flags(IOUS, detections), flags(IOUS, detections), flags(IOUS, characters),
        flags(characters),
    )  # fmt: skip


@given(st.lists(matches(), min_size=1, max_size=4))
def test_what_is_packed_comes_back(given_matches):
    packed = Matches(given_matches)
    assert len(packed) == len(given_matches)
    for before, after in zip(given_matches, packed, strict=True):
        for field in dataclasses.fields(Match):
            one, other = getattr(before, field.name), getattr(after, field.name)
            assert one.dtype == other.dtype
            np.testing.assert_array_equal(one, other)
