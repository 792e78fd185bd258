"""Settling: deciphered latents are made to agree with what the pixels show, and with each other.

- `settle`: fit sums of pixels to them, mend these with the smoother, and fit again; then the same
  for codes of a V that was recruited by them;
- `sums`: a world's latents as such sums, and which pixels what the actions decide shows in;
- `additive`: how sums are fitted;
- `drift`: what the smoother does to latents that are right;
- `transport`: give values the distribution of others.
"""
