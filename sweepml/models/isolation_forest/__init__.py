"""Random trees that tell how soon a row stands alone; see README.md in this folder."""
