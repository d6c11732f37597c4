"""`python -m beyondbase` is the command `beyondbase`."""

from beyondbase.cli import app

app(prog_name="beyondbase")
