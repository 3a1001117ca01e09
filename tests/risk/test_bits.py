import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analyzer.risk.bits import ones, trailing_zeros

words = st.integers(1, 2**64 - 1)


@given(words)
def test_bits_are_counted_and_found(word):
    assert ones(np.uint64(word)) == word.bit_count()
    assert trailing_zeros(np.uint64(word)) == (word & -word).bit_length() - 1
