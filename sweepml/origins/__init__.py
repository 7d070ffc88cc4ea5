"""Log formats: what each one calls things, how its values are written, and which one a file is in."""
