"""Traffic that nobody recorded: variants of captures, injected sweeps, simulated networks. Records only."""
