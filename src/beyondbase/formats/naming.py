"""Names of arms and tasks that come from outside: files, columns, folders."""

import re


def plain_name(text: str) -> str:
    """Make a name of a study of any text: of a path or Hub id its last part, without what names may not have.

    Args:
        text: Such as "org/MATH-500" or the stem of a file.
    """
    last = re.split(r"[/\\]", text.strip().rstrip("/\\"))[-1]
    plain = "".join("-" if letter in "[]" or not letter.isprintable() else letter for letter in last)
    return plain.strip()
