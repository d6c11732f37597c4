"""Let the tests run pytest on small projects of their own."""

pytest_plugins = ["pytester"]
