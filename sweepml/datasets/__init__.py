"""Bulk readers, labels, captures and splits: everything that knows files, with pandas and pyarrow."""
