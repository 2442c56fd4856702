"""What an answer is worth: evaluators, their verdicts, and what decides one. Pure: no clock, no I/O."""
