"""A provider's rate limits: what its headers say, what is left of a quota, when the gate opens."""
