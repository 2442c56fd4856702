"""Model lists: asking providers for theirs, on schedule and by hand, and keeping what that brings."""

from probe.discovery.report import SyncReport
from probe.discovery.subject import Subject, probed_models, subjects
from probe.discovery.sync import Discovery, PriceTaker

__all__ = ["Discovery", "PriceTaker", "Subject", "SyncReport", "probed_models", "subjects"]
