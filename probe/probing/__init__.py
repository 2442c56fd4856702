"""One attempt, and a run of many."""
