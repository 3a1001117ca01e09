"""Sightings on disk: a Parquet data set of integer codes that anybody's tools can read.

::

    STORE/
      manifest.json            what is here, and where it came from; replacing it is the commit
      data-000001/             one generation of the data
        cameras.parquet        camera code → name, lat, lon, zone, zone_name
        vehicles.parquet       vehicle code → name (pseudonym), in the order of the codes
        labels.parquet         column, code → label (make, color, direction, …)
        part-00000.parquet     vehicle, seen_at, camera, …, sorted by (vehicle, seen_at, camera)
        rejects.csv            rows that could not be used: file, line, byte offset, reason
        by-camera.parquet      the sightings by (camera, time), once somebody asked about a vehicle
        companions-….parquet   what such questions need to know of everybody

A vehicle is in one part (its code modulo the number of parts). A writer makes a new generation and
then replaces the manifest: a killed run leaves the old store or the new one.
"""

from analyzer.store.builder import StoreBuilder
from analyzer.store.copying import copy_store
from analyzer.store.store import Store, is_store, open_store
from analyzer.store.stored_part import StoredPart

__all__ = ["Store", "StoreBuilder", "StoredPart", "copy_store", "is_store", "open_store"]
