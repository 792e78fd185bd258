"""The vision models V, the memory model M, and the model of all worlds that holds both."""
