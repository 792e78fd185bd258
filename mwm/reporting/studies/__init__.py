"""Several runs together: rates over seeds and methods, and ablations."""
