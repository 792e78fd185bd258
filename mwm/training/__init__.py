"""Training: acts that alternate prediction and reconstruction steps."""
