"""Unbounded proofs, their certificates and shortest counterexamples."""
