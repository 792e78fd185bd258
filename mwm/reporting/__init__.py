"""Figures, pages and tables of what evaluation measured: a folder for each thing that is made."""

import os

# What a notebook's kernel names is not installed everywhere: Matplotlib could not be imported.
os.environ["MPLBACKEND"] = "agg"
