"""Readers of other tools' files, a module for each tool."""
