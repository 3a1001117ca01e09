import pytest

from analyzer.synthetic import make_region


@pytest.fixture(scope="session")
def dense():
    return make_region(vehicles=1_000, days=14, seed=7)


@pytest.fixture(scope="session")
def sparse():
    return make_region(vehicles=1_500, days=60, seed=7, regime="sparse")
