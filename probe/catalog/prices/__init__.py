"""Prices as facts: quotes, the book in force, comparison, and readers of price sources."""
