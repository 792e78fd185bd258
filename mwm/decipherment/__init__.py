"""Decipherment: infer the original's latents in the frames of another world, without paired frames.

The other world is read as a cipher of the original: it follows the same dynamics and writes the
same states with other symbols. Terms used in this package:

- *function*: a number computed from the latents of one or two frames, such that worlds with the
  same dynamics have the same functions. *Slow* functions change least over time, *controlled* ones
  respond most to the actions.
- *state*: a cluster of the original's frames by their functions; *symbol*: a cluster of the other
  world's frames by theirs.
- *chain*: a hidden Markov model of states and symbols. Its *transitions* (chances of the next
  state) are counted in the original; its *emissions* (chances of each symbol in each state) are
  the key of the cipher, which is what a search looks for.
- *candidate*: one guess of the emissions; its *score* is the likelihood of held-out sequences.
- *level*: one resolution. A search starts at few states and goes on to more; at each level it tries
  the *moves* of a table (`plan`).
- *group*: the functions that are searched together: the controlled ones, or the slow ones.
- *hint*: what the controlled group found about a frame; in the chain of the slow group each state
  emits a hint as well as a symbol.
"""
