"""How good a detector is: episodes and alerts first, windows second, thresholds from an alert budget."""
