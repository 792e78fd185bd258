"""From screens to frames: binarised, shrunk to 64 x 64 bits and split by episode."""
