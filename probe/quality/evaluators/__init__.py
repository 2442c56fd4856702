"""One file each; they never see each other. `probe.quality.registry` knows them by name."""
