"""Acts that alternate reconstruction and prediction phases."""
