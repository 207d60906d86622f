"""What a pack's promises come to on the model: proofs, mutants, trusted bases."""
