"""NeMo-Skills: `output-rs*.jsonl`, by its source of 2025; a row is one completion of one problem.

The files have no ids: line 5 of each is of the same problem, whose id becomes "5", where question and
expected answer agree in all files. A verdict is that of the comparison ("symbolic") or of the model that
judged ("judgement", right where it says yes).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from beyondbase.completions import Finish
from beyondbase.errors import InputError
from beyondbase.formats.readers.cells import first_text, flag_in, json_rows, text_in
from beyondbase.formats.readers.choosing import chosen
from beyondbase.formats.readers.gathering import Gathering, problem_of
from beyondbase.formats.readers.imported import Imported, Row, identity_of, ordered, verdict
from beyondbase.messages import quote

TOOL = "nemo-skills"
_VERDICTS = {"symbolic": "symbolic_correct", "judgement": "judgement"}
_FINISHES: dict[str, Finish] = {"stop": "stop", "length": "length"}
_JUDGED = re.compile(r"judge?ment:\s*\**\s*(yes|no)\b", re.IGNORECASE)


def read(paths: Sequence[Path], pick: str | None) -> Imported:
    """Read the files of an arm.

    Args:
        paths: `output-rs*.jsonl`, one per seed.
        pick: Whose verdict, "symbolic" or "judgement".

    Raises:
        InputError: Both verdicts are there and none is picked, or the lines of the files do not agree.
    """
    files, gathering = ordered(paths), Gathering(once=True)
    kinds = dict.fromkeys(_VERDICTS)
    for path in files:
        for name, at, row in _lines(path):
            question = first_text(row, ("question", "problem"))
            gold = text_in(at, row, "expected_answer")
            if not question:
                raise InputError(f"{at}: found no question, so that its line cannot be aligned; give it")
            gathering.add(path, at, problem_of(name, question=question, gold=gold))
            kinds = {kind: None for kind in kinds if row.get(_VERDICTS[kind]) is not None}
    picked = chosen("verdict", pick, [*kinds], files)
    return Imported(
        tool=TOOL,
        trusted=True,
        grader=(f"{TOOL}-{picked}", "unknown"),
        identity=identity_of(TOOL, files),
        problems=gathering.problems(files),
        rows=lambda: _rows(files, picked),
    )


def _rows(files: Sequence[Path], picked: str) -> Iterator[Row]:
    for path in files:
        for name, at, row in _lines(path):
            text = text_in(at, row, "generation")
            finish = _FINISHES.get(str(row.get("finish_reason")), "unknown")
            found, tokens = row.get("predicted_answer"), row.get("num_generated_tokens")
            answer = None if found is None else str(found)
            right = flag_in(at, row, "symbolic_correct") if picked == "symbolic" else _judged(at, row)
            count = tokens if isinstance(tokens, int) and tokens >= 0 else None
            said = verdict(right=right, answer=answer, finish=finish)
            yield Row(name, text, finish, count, None, said, answer)


def _lines(path: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for number, (at, row) in enumerate(json_rows(path), 1):
        yield str(number), at, row


def _judged(at: str, row: Mapping[str, Any]) -> bool:
    found = _JUDGED.findall(text_in(at, row, "judgement"))
    if not found:
        said = quote(row["judgement"])
        raise InputError(f'{at}: judgement: found {said}, not "Judgement: Yes" or "No"; judge it again')
    return bool(found[-1].lower() == "yes")
