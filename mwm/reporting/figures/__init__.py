"""Charts, pictures and the animation, as PNG and GIF."""
