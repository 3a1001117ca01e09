"""What stands beside the parts of a store: cameras, vehicle names, labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from analyzer.engine.sealing import Seal, encryption
from analyzer.schema import LABELS


def write_tables(
    folder: Path,
    cameras: pd.DataFrame,
    vehicles: Sequence[str] | pa.Array,
    labels: Mapping[str, Sequence[str]],
    seal: Seal | None = None,
) -> None:
    """Write the small tables of a generation; each is in the order of its codes.

    Parameters
    ----------
    folder : pathlib.Path
        Of the generation.
    cameras : pandas.DataFrame
        As `analyzer.cameras.camera_table` gives them.
    vehicles : sequence of str
        Names of the vehicles.
    labels : mapping
        Labels of each label column.
    seal : Seal, optional
        Encrypts the files.
    """
    names = vehicles if isinstance(vehicles, pa.Array) else pa.array(vehicles, pa.string())
    coded = [
        (column, code, label)
        for column in LABELS
        for code, label in enumerate(labels.get(column, ()))
    ]
    tables = {
        "cameras": pa.Table.from_pandas(cameras, preserve_index=False),
        "vehicles": pa.table({"vehicle": names}),
        "labels": pa.table(
            {
                "column": pa.array([column for column, _, _ in coded], pa.string()),
                "code": pa.array([code for _, code, _ in coded], pa.int32()),
                "label": pa.array([label for _, _, label in coded], pa.string()),
            }
        ),
    }
    for name, table in tables.items():
        path = folder / f"{name}.parquet"
        # Without pandas' metadata: it names library versions, and bytes must not depend on them.
        pq.write_table(
            table.replace_schema_metadata(),
            path,
            compression="zstd",
            write_page_checksum=True,
            **encryption(seal, path),
        )
