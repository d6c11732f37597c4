"""Whether two arms are of the same problems, and in which they differ."""

from collections.abc import Collection

from beyondbase.messages import quote

_SHOWN = 5


def mismatch(here: str, mine: Collection[str], there: str, theirs: Collection[str]) -> str | None:
    """Say in which problems an arm differs from another; None where they have the same.

    Args:
        here: What the arm is called.
        mine: Its problems.
        there: What the other is called.
        theirs: Its problems.
    """
    ours, others = set(mine), set(theirs)
    lacking = [name for name in theirs if name not in ours]
    extra = [name for name in mine if name not in others]
    parts = [
        *(
            [f"lacks {len(lacking):,} of the {len(theirs):,} problems of {there} ({_some(lacking)})"]
            if lacking
            else []
        ),
        *([f"has {len(extra):,} that {there} lacks ({_some(extra)})"] if extra else []),
    ]
    return f"{here} {' and '.join(parts)}" if parts else None


def _some(names: list[str]) -> str:
    shown = ", ".join(map(quote, names[:_SHOWN]))
    return f"{shown}, ..." if len(names) > _SHOWN else shown
