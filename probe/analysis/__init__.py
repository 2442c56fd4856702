"""Statistics over samples: pure functions, one definition of every figure that is more than one attempt."""
