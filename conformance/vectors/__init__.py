"""Vectors: shortest sequences of stimuli that reach every transition and every clause's trigger, with what
should then be observed."""
