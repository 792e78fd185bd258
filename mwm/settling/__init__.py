"""Settling: deciphered latents are made to agree with what the pixels show, and with each other.

- `additive`: codes as sums of what each pixel contributes;
- `settle`: fit such sums, mend them with the smoother, and fit again.
"""
