"""The commands and their options: imported for `--help`, so nothing heavy."""
