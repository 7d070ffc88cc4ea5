"""Connection graphs -> one float32 vector per (source, window). One module per feature family."""
