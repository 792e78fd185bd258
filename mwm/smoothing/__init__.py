"""Smoothing: mend what another world's V makes of its frames, by the frames before and after.

- `misreadings`: what a V that is partly astray may make of the original's frames;
- `training`: a network learns to give the true codes back;
- `smoother`: that network.
"""
