"""A checker of proofs that shares nothing with the prover: it reads files, derives what must be shown,
and asks cvc5."""
