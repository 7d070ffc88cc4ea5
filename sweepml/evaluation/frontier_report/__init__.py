"""The detection frontier as a page, a summary and a picture."""
