"""Reconstruction of normal traffic; see README.md in this folder."""
