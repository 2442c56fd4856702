"""Estimates of what runs cost, and budgets that limit spend."""
