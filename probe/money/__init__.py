"""What probes will cost, have cost, and may cost."""
