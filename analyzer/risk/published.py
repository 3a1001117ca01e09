"""Published results that stand beside ours as reference lines, each with its source.

They come from other data: other people, other sensors, other resolutions. What they are good for is
the order of magnitude; each says what differs.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Published:
    """One published figure.

    Attributes
    ----------
    measure : str
        Which of our measures it stands beside.
    value : float
        The figure: a share of 1, an exponent, or a number of persons, as `what` says.
    what : str
        What it is.
    data : str
        On which data, and at which resolution, it was found.
    source : str
        Authors, year, where, DOI if it has one.
    from_memory : bool
        Whether nobody here has seen it in the source; it is then marked wherever it is shown.
    points : int or None
        Known points, where the figure is about them.
    """

    measure: str
    value: float
    what: str
    data: str
    source: str
    from_memory: bool = False
    points: int | None = None

    def cite(self) -> str:
        """Name the source as a sentence does, with the mark of what is from memory."""
        authors = self.source.split(",")[0]
        return f"{authors}{' (from memory, not checked)' if self.from_memory else ''}"

    def to_dict(self) -> dict[str, Any]:
        """Give the figure as JSON-able fields."""
        return asdict(self)


PUBLISHED = (
    Published(
        "unicity",
        0.95,
        "share singled out by 4 random points",
        "1.5 million people, 15 months, phone antennas, to the hour",
        "de Montjoye et al. 2013, Scientific Reports 3:1376, doi:10.1038/srep01376",
        points=4,
    ),
    Published(
        "unicity",
        0.90,
        "share singled out by 4 points",
        "1.1 million people, 3 months, card purchases, shop and day",
        "de Montjoye et al. 2015, Science 347:536, doi:10.1126/science.1256297",
        points=4,
    ),
    Published(
        "unicity",
        0.93,
        "share singled out by 4 points, by a model",
        "60 million people, 3 months, phones",
        "Farzanehfar et al. 2021, Patterns 2(3):100204, doi:10.1016/j.patter.2021.100204",
        points=4,
    ),
    Published(
        "unicity",
        0.9535,
        "share singled out by 4 points",
        "131 million and 1.1 billion points of taxis, Shenzhen and Shanghai",
        "Unique on the Road 2017, LNICST",
        points=4,
    ),
    Published(
        "unicity",
        0.90,
        "share singled out by 5 records, even to half a day",
        "licence-plate reads, Guangzhou",
        "Gao et al. 2019, Transportation Research Part C",
        from_memory=True,
        points=5,
    ),
    Published(
        "law",
        0.10,
        "exponent of the resolution with which unicity decays, about",
        "1.5 million people, 15 months, phone antennas",
        "de Montjoye et al. 2013, Scientific Reports 3:1376, doi:10.1038/srep01376",
    ),
    Published(
        "gain",
        0.22,
        "increase of the risk by knowing the price as well, relative, on average",
        "1.1 million people, 3 months, card purchases",
        "de Montjoye et al. 2015, Science 347:536, doi:10.1126/science.1256297",
    ),
    Published(
        "plateless",
        0.94,
        "probability of tracking by time, colour, type and make, without the plate; over this",
        "plate reads without the plate",
        "Chen et al. 2020, Journal of Advanced Transportation, doi:10.1155/2020/6026140",
    ),
    Published(
        "home and work",
        1,
        "median number of persons with the same home and work, census block",
        "working population of the United States",
        "Golle and Partridge 2009, Pervasive, doi:10.1007/978-3-642-01516-8_26",
    ),
    Published(
        "home and work",
        21,
        "median number of persons with the same home and work, census tract",
        "working population of the United States",
        "Golle and Partridge 2009, Pervasive, doi:10.1007/978-3-642-01516-8_26",
    ),
    Published(
        "home and work",
        34_980,
        "median number of persons with the same home and work, county",
        "working population of the United States",
        "Golle and Partridge 2009, Pervasive, doi:10.1007/978-3-642-01516-8_26",
    ),
)


def published(measure: str) -> tuple[Published, ...]:
    """Give the published figures that stand beside one of our measures.

    Examples
    --------
    >>> [figure.value for figure in published("home and work")]
    [1, 21, 34980]
    """
    return tuple(figure for figure in PUBLISHED if figure.measure == measure)
