"""What params.yaml may hold: one module for each of its sections, every fault told by line."""
