"""The assistant as transition tables: what can happen, in which component, and how fast."""
