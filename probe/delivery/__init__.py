"""Carries stored facts to exporters, each with a durable cursor."""
