"""Settings for all tests."""

import os
import signal

from hypothesis import settings

pytest_plugins = ["pytester"]

# Deadlines measure the machine; in CI the same examples run every time, elsewhere new ones.
settings.register_profile("beyondbase", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("beyondbase")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # In a job that was started in the background, where processes that tests interrupt would not notice.
    signal.signal(signal.SIGINT, signal.default_int_handler)
