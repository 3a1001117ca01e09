"""Risk: how much a database of sightings gives away, against stated adversaries and exactly."""
