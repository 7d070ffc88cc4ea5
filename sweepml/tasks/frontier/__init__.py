"""The detection frontier: sweeps of every rate, size and success share, put into recorded traffic."""
