import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.risk.slots import find_slots, make_slots


@given(
    st.lists(st.integers(-(2**61), 2**61), max_size=40),
    st.lists(st.integers(-(2**61), 2**61), max_size=40),
)
def test_slots_find_their_keys_and_no_others(keys, others):
    keys = np.array(keys, np.int64)
    wanted = np.concatenate([keys, keys + 1, keys - 1, np.array(others, np.int64)])
    slots = make_slots(keys)
    rank = {key: slot for slot, key in enumerate(sorted(set(keys.tolist())))}
    assert find_slots(wanted, slots).tolist() == [rank.get(key, -1) for key in wanted.tolist()]


@pytest.mark.parametrize("spread", [10, 1_000, 10**7, 10**12])
def test_slots_in_dense_and_sparse_ranges(spread):
    keys = np.random.default_rng(1).integers(-spread, spread, 500)
    wanted = np.random.default_rng(2).integers(-2 * spread, 2 * spread, 2_000)
    wanted = np.concatenate([wanted, keys])
    rank = {key: slot for slot, key in enumerate(sorted(set(keys.tolist())))}
    found = find_slots(wanted, make_slots(keys))
    assert found.tolist() == [rank.get(key, -1) for key in wanted.tolist()]
