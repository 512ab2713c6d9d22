"""The record of a run: its folder, its events, its logs. Does not know how a run works."""
