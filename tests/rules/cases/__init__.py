"""What each alert is shown, and what it must make of it."""
