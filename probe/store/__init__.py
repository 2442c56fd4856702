"""The memory: samples, runs, models, prices, events and delivery cursors, in SQLite or PostgreSQL."""
