"""Model lists: requesting them, on schedule and by hand, and keeping what that brings."""

from probe.discovery.listed_provider import ListedProvider, listed_providers, probed_models
from probe.discovery.report import SyncReport
from probe.discovery.sync import Discovery, PriceTaker

__all__ = ["Discovery", "ListedProvider", "PriceTaker", "SyncReport", "listed_providers", "probed_models"]
