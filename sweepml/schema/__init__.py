"""What things are called: outcomes, connection columns, features, the manifest of a bundle."""
