"""The movies of a version, and how they are found by name."""
