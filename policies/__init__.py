"""What is promised: packs of clauses in YAML, each clause traced to its source."""
