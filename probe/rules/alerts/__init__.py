"""Every alert, by what it is about."""
