"""What API, board and CLI show: schemas, formats, the leaderboard."""
