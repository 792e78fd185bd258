"""Stages on other machines: their jobs are prepared, watched, and recorded as if they ran here."""
