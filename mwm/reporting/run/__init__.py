"""The report of one run of the pipeline: report/ and metrics.json."""
