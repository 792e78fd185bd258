"""Settling: deciphered latents are made to agree with what the pixels show, and with each other.

- `settle`: what the actions decide is read anew; sums of pixels are fitted to the rest, mended with
  the smoother, and fitted again; then the same for codes of a V that was recruited by them;
- `refining`: a V that was recruited is recruited again, by what it makes of frames, mended;
- `patterns`: what pixels show of what the actions decide, in one world and the other;
- `motifs`: what comes again, read by how often it does;
- `side`: what is known of a world;
- `sums`: a world's latents as sums of what each pixel contributes;
- `additive`: how sums are fitted;
- `correction`: how codes are usually off.
"""
