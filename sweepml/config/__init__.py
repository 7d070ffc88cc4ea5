"""Configuration as typed dataclasses: Hydra fills them at the edge, all below takes them as they are."""
