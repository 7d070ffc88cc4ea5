"""Trainable detectors: one folder each, one interface, one registry."""
