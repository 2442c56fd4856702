"""Makes a configuration usable: load, complete, check, assemble; logs."""
