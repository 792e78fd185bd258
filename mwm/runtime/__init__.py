"""What surrounds every command: errors, progress, signals, locks. It changes no result."""
