"""What the library raises when a user's input is at fault."""


class InputError(ValueError):
    """A user's mistake; the message names the file (and line or key), what was found and what to do."""
