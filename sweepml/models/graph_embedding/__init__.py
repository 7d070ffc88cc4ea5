"""Message passing from the edges of a window to its sources; see README.md in this folder."""
