"""Suites of prompts: what is sent, and what is expected of the answer."""

from probe.suites.case import Case, Message, Suite

__all__ = ["Case", "Message", "Suite"]
