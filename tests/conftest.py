"""Settings for all tests."""

import os

from hypothesis import settings

pytest_plugins = ["pytester"]

# Deadlines measure the machine; in CI the same examples run every time, elsewhere new ones.
settings.register_profile("beyondbase", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("beyondbase")
