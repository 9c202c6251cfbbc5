"""How fast the warehouse is: figures to read, never tests that pass or fail."""
