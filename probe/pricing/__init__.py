"""Prices kept up to date: asked of their sources, weighed, put in force, written down when they change."""
