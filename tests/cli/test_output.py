"""Results on standard output: numbers of vehicles are whole, and what is missing stays so."""

import pandas as pd

from analyzer.cli.output import show


def test_numbers_of_vehicles_are_whole_beside_missing_ones(capsys):
    table = pd.DataFrame({"value": [0.5, None], "n": [469.0, None], "unicity_n": [3.0, 4.0]})
    show("csv", text="", data={}, table=table)
    assert capsys.readouterr().out.splitlines()[1:] == ["0.5,469,3", ",,4"]
    show("table", text="", data={}, table=table)
    printed = capsys.readouterr().out
    assert printed.split() == ["value", "n", "unicity_n", "0.5", "469", "3", "–", "–", "4"]
