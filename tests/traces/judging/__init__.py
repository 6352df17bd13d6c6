"""Holding the decisions of a replay against the truth of an incident."""
