"""Other people's checkers asked about the same model."""
