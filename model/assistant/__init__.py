"""The model of a voice assistant: tables only."""
