"""Several models as one; see README.md in this folder."""
