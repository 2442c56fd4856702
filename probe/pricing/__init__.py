"""Prices kept up to date: asked of their sources, weighed, put in force, written down when they change."""

from probe.pricing.pricing import Pricing
from probe.pricing.scope import Scope, scope_of, scope_of_config
from probe.pricing.status import SourceReport

__all__ = ["Pricing", "Scope", "SourceReport", "scope_of", "scope_of_config"]
