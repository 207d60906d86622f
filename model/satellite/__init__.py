"""A second, small model: a satellite whose wake word is heard elsewhere. Tables only."""
