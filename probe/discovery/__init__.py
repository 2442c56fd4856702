"""Model lists: requesting them, on schedule and by hand, and keeping what that brings."""
