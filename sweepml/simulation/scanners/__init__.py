"""How real scanners order and pace their probes, one file each. Records only: nothing here sends a packet."""
