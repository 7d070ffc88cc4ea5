"""Benign roles as tables: who contacts whom, how often, and what comes of it."""
