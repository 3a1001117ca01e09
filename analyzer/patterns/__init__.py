"""Patterns of movement: trips, places, routines, commutes, companions."""
