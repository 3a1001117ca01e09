import pytest

from analyzer.errors import UsageError
from analyzer.risk.adversary import Adversary


def test_defaults():
    adversary = Adversary()
    assert (adversary.points, adversary.time_ms, adversary.cell_m) == (4, 3_600_000, None)
    assert adversary.attributes == ()


def test_is_frozen_and_hashable():
    assert len({Adversary(), Adversary(points=4), Adversary(points=5)}) == 2
    with pytest.raises(AttributeError):
        Adversary().points = 3


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"points": 0}, "points=4"),
        ({"points": 2.5}, "whole number"),
        ({"points": True}, "whole number"),
        ({"points": 101}, "1 to 100"),
        ({"time": "soon"}, "'1h'"),
        ({"time": "36h"}, "'7D'"),
        ({"time": "0h"}, "'1h'"),
        ({"space": "street"}, "'2km'"),
        ({"space": "-2km"}, "'2km'"),
        ({"attributes": ("plate",)}, "attributes are make"),
        ({"attributes": ("make", "make")}, "twice"),
        ({"attributes": 3}, "sequence"),
        ({"attributes": "make"}, "sequence"),
        ({"choose": "home"}, "'home_work'"),
        ({"choose": "best"}, "is not known"),
        ({"missed": 4}, "from 0 to 3"),
        ({"points": 1, "missed": 1}, "from 0 to 0"),
        ({"missed": -1}, "whole number"),
        ({"missed": True}, "whole number"),
    ],
)
def test_refuses_what_cannot_be(options, told):
    with pytest.raises(UsageError, match=told):
        Adversary(**options)


def test_describes_itself():
    zone, cell = Adversary(time="15min", space="zone"), Adversary(points=1, space="250m")
    assert zone.describe() == "4 sightings, each to 15min and the zone"
    assert cell.describe() == "1 sighting, to the hour and a cell of 250 m"
    assert cell.to_dict()["points"] == 1


def test_whole_numbers_of_numpy_are_whole_numbers():
    import json

    import numpy as np

    adversary = Adversary(points=np.int64(3), missed=np.int32(1))
    assert adversary == Adversary(points=3, missed=1)
    assert json.dumps(adversary.to_dict())
    with pytest.raises(UsageError):
        Adversary(points=True)
