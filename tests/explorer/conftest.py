"""What tests of the explorer have in common."""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Name the marker of tests that need a browser."""
    config.addinivalue_line("markers", "browser: needs Chromium and Playwright (python -m pytest -m browser -n 0)")
