"""Figures, pages and tables of what evaluation measured: a folder for each thing that is made."""
