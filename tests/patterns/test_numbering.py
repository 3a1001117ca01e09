import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analyzer.patterns.numbering import number_through

PAIRS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 9) | st.just(4096)), max_size=40)


@given(PAIRS)
def test_pairs_are_numbered_as_a_sort_of_all_numbers_them(pairs):
    pairs = sorted(pairs, key=lambda pair: pair[0])
    group, number = (np.array([pair[at] for pair in pairs], np.int64) for at in (0, 1))
    groups, numbers, of = number_through(group.astype(np.int32), number.astype(np.int32))
    different = sorted(set(pairs))
    assert list(zip(groups.tolist(), numbers.tolist(), strict=True)) == different
    assert [different[each] for each in of] == pairs
