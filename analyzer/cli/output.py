"""Results on standard output: as a table for people, as JSON or CSV for programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    import pandas as pd


def show(output_format: str, *, text: str, data: dict[str, Any], table: pd.DataFrame) -> None:
    """Print a result in the form the user chose.

    Parameters
    ----------
    output_format : {"table", "json", "csv"}
        The form.
    text : str
        What the table form says above the table.
    data : dict
        What the JSON form prints.
    table : pandas.DataFrame
        What the table and CSV forms print.
    """
    table = _whole(table)
    if output_format == "json":
        click.echo(json.dumps(data, ensure_ascii=False, indent=2))
    elif output_format == "csv":
        from analyzer.report.tables import to_csv

        click.echo(to_csv(table), nl=False)
    else:
        click.echo(text)
        if len(table):
            click.echo()
            # pandas writes a missing whole number as <NA>, whatever it is asked.
            whole = {
                name: table[name].astype(object).where(table[name].notna(), "–")
                for name in table
                if str(table[name].dtype) == "Int64"
            }
            click.echo(table.assign(**whole).to_string(index=False, na_rep="–"))


def _whole(table: pd.DataFrame) -> pd.DataFrame:
    """Write numbers of vehicles as whole numbers, also where some of them are missing."""
    counts = [
        name
        for name in table
        if (name == "n" or str(name).endswith("_n"))
        and table[name].dtype.kind == "f"
        and (table[name].dropna() % 1 == 0).all()
    ]
    return table.astype(dict.fromkeys(counts, "Int64"))
