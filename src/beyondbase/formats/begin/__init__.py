"""The first study: written from files of samples or counts, with a comment on every line."""
