"""`mwm vouch`: what changed in the code of a stage, and the proof that its outputs stay."""
