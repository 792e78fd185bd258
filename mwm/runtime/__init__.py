"""The harness around commands: errors, progress, signals, locks. No stage depends on it."""
