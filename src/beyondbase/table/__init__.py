"""The one reader of tables: suffix, decoding, header, typed columns, and rows that know where they stand.

Each place of use says which columns it wants, and what a user should do where they are not there; how a file
is opened, decoded and cut into rows, and how a place in it is written, is said here alone: `decoding` for
bytes and text, `objects` for JSON, `separated` for text with columns, `columns` for Arrow, and `header`.
"""
