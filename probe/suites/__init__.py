"""Suites of prompts: what is sent, and what is expected of the answer."""
