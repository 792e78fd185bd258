"""The pipeline as DVC keeps it: what is stale, what would run, what runs, what is left over."""
