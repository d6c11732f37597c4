"""Load the plugin also where the package is importable but not installed."""

pytest_plugins = ["beyondbase.plugin"]
