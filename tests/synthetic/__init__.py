"""Weeks of a probe that nobody had to wait for: attempts, pages of metrics, and what rules make of them."""
