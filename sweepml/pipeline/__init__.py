"""Drivers of the feature kernel over whole captures."""
