"""Connections -> windowed connection graphs: codes, edges, merging, panes. Integers only, so that merging is exact."""
