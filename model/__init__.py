"""What may happen: the event vocabulary, the clause language, the state machine and its proofs."""
