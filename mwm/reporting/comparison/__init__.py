"""What differs between finished runs, for `mwm compare`."""
