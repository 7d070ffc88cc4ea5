"""Gradient-boosted trees; see README.md in this folder."""
