from tests.discovery.conftest import lists

__all__ = ["lists"]
