"""One thin command per stage: read its params, call mwm, write its outs."""
