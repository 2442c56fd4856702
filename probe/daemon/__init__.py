"""The composition root: starts, reloads and stops everything that runs."""
