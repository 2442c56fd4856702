"""What any room may use: clocks, tasks, ids, secrets, name patterns, a lock."""
