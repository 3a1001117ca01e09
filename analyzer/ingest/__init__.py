"""Reading: files of plate sightings become a store of pseudonymous, integer-coded rows."""
