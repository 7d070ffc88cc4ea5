"""Hyperparameter search: what may change, the trials on disk, and the task."""
