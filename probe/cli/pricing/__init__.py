"""What `probe prices …` does, a file for each command."""
