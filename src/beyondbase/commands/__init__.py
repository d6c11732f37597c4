"""The commands of `beyondbase`, a module for each kind of work."""
