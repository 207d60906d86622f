"""What really happens: drivers, search, monitors, witnesses and the verdict."""
