"""A weighted sum of scaled features; see README.md in this folder."""
