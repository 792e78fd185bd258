"""The commands of `mwm`: what is stale, would run, runs or is left over in a pipeline of DVC."""
