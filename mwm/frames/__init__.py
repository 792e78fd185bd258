"""Preprocessing: screens become binary frames of 64 x 64 pixels, split by episode."""
