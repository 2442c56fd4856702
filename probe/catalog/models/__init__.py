"""Listed models as facts: aliases, availability, and what changed between two lists."""
