"""Whether what a device was seen to do is a run of the proved model: only then do the proofs speak of
it."""
