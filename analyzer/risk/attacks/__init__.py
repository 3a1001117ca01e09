"""Worst-case attacks: for each vehicle, the best knowledge of a given size that there is."""
