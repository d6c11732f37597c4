"""Cases of peers' tests that we judge otherwise than they do, by file and line, and why.

Lines are those of the versions that `peers` fetches. A case stands here only if the answer is not what its
test calls it, or if that is a choice that docs/grading.md makes the other way; what we get wrong does not.
"""

_REASONS = {
    "a comma is no decimal point here": (
        "test_all.py:70",
        "test_all.py:71",
        "test_all.py:72",
        "test_all.py:87",
    ),
    "to find a number in prose is another question": (
        "test_all.py:82",
        "test_all.py:83",
        "test_all.py:85",
        "test_all.py:86",
        "test_all.py:138",
        "test_all.py:752",
    ),
    "a formula may stand on a line of its own": ("test_all.py:132", "test_all.py:133"),
    "a chain that says 7 = 11, 3 + 3 = 2 or 1/3 = 1.3 is no right answer": (
        "test_all.py:394",
        "test_all.py:405",
        "test_all.py:411",
        "test_all.py:429",
        "test_all.py:467",
        "test_all.py:468",
    ),
    "a decimal is no exact number (`places`)": ("test_all.py:571", "test_all.py:592", "test_all.py:611"),
    "x in [-2, 7] and -2 <= x <= 7 are the same": ("test_all.py:913",),
    "f(x) and f(y) are not": ("test_strict.py:8",),
}
DISPUTES = {place: reason for reason, places in _REASONS.items() for place in places}
