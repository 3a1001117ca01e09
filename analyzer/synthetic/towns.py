"""Towns of the region: real names, coordinates and populations, carried as data."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from io import StringIO

import numpy as np
import pandas as pd

TASHKENT = "Tashkent"
CHIRCHIQ = "Chirchiq"
ESHONGUZAR = "Eshonguzar"
DISTRICTS = ("Yunusobod", "Chilanzar", "Sergeli", "Bektemir")
"""Districts of Tashkent that have a row of their own; the city's population contains theirs."""

ESHONGUZAR_POPULATION = 15_000
"""Assumption: the table has no population for it."""


@dataclass(frozen=True)
class Towns:
    """Towns in the order of the table.

    Attributes
    ----------
    name : list of str, length n
    lat, lon : numpy.ndarray of float64, shape (n,)
        Degrees.
    population : numpy.ndarray of float64, shape (n,)
        People living there; Tashkent without the districts that have a row of their own.
    plate_region : numpy.ndarray of int64, shape (n,)
        Region code on the plates: 1 for Tashkent city, 10 for Tashkent region, 20 for Sirdaryo.
    """

    name: list[str]
    lat: np.ndarray
    lon: np.ndarray
    population: np.ndarray
    plate_region: np.ndarray

    def code(self, name: str) -> int:
        """Find the number of a town by its name."""
        return self.name.index(name)

    @property
    def spread_m(self) -> np.ndarray:
        """How far homes lie from a town's centre: standard deviation along each axis, in metres.

        Grows with the square root of the population, as at equal density; 1.4 km at 100,000 people.
        """
        return np.clip(1_400.0 * np.sqrt(self.population / 100_000.0), 400.0, 2_200.0)


def read_towns() -> Towns:
    """Read the table that is carried with the package (GeoNames, CC BY 4.0; see its README).

    Examples
    --------
    >>> towns = read_towns()
    >>> len(towns.name), int(towns.population[towns.code("Chirchiq")])
    (29, 162800)
    """
    text = files("analyzer.synthetic").joinpath("data", "towns.csv").read_text("utf-8")
    table = pd.read_csv(StringIO(text), dtype={"geonameid": str})
    names = [name.split(" (PROXY")[0] for name in table["name"]]
    population = table["population"].to_numpy(float, copy=True)
    population[names.index(ESHONGUZAR)] = ESHONGUZAR_POPULATION
    population[names.index(TASHKENT)] -= sum(population[names.index(name)] for name in DISTRICTS)
    admin = table["admin1"].fillna(14).astype(int).to_numpy()
    plate_region = np.select([admin == 13, admin == 16], [1, 20], 10)
    return Towns(
        names,
        table["lat"].to_numpy(float, copy=True),
        table["lon"].to_numpy(float, copy=True),
        population,
        plate_region.astype(np.int64),
    )
