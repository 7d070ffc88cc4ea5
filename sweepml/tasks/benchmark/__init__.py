"""The benchmark: every model and every public rule on the same captures, judged in the same way."""
