"""Files of the pipeline: each format is written and read in one place."""
