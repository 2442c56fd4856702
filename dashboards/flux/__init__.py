"""Boards for InfluxDB, in Flux: over every attempt itself, exact over a year."""
