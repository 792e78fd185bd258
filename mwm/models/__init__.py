"""V, M and the model of all worlds; what training records and evaluation judges by."""
