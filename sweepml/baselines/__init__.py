"""Public sweep rules, one file each, as their authors shipped or published them."""
