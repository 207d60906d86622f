"""Past-time metric temporal logic: syntax, reference semantics, compilation to monitors, English."""
