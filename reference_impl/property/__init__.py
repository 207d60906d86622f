"""The property's side: who owns a device, what is enabled on it, and who may see what."""
