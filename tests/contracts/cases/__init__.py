"""The cases, one dialect a file."""
