"""Results as GitHub-flavoured Markdown, for a pull request or the summary of a workflow run.

Nothing is decided here, only shown, and every text from the results is shown as text.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import islice

from jinja2 import Environment, PackageLoader, StrictUndefined

from beyondbase.report.terminal import asides, concerned, counted, remedies, some, waiver_text
from beyondbase.report.wording import floor_words, headline, standing
from beyondbase.results.changes import Comparison, StudyChange, VerdictChange
from beyondbase.results.numbers import DASH, estimate, named_effect, p_value
from beyondbase.results.schema import Run, day_of_run
from beyondbase.results.schema.likelihoods import Likelihood
from beyondbase.results.schema.record import Interval
from beyondbase.results.schema.studies import Results, StudyRecord, SuiteRecord
from beyondbase.results.schema.verdicts import VerdictRecord
from beyondbase.visible import clean

__all__ = ["changes", "escape", "render_summary"]

SIGNS = {"SUPPORTED": "✓", "REFUTED": "✗", "INCONCLUSIVE": "?", "INVALID": "!"}
# GitHub takes 65,536 characters in a comment, and 1 MiB in the summary of a job.
MOST_BYTES = 60_000
# How many entries of a list are shown and how many characters of a text, the first that fits.
CUTS = ((1000, 2000), (300, 1000), (100, 500), (30, 250), (10, 120), (3, 80), (1, 40))
# How verdicts stand that are told of first.
URGENT = {"unmet": "not as expected", "unfit": "unfit", "waived": "waived", "undecided": "undecided"}
# What is told of a verdict's change, and in which order.
RANKS = (
    *(("changed", True), ("changed", None), ("changed", False)),
    *(("same", True), ("removed", None), ("added", None)),
)

_SPECIAL = re.compile(
    r"""
    # What GitHub looks for after Markdown, so that no backslash stops it: mentions, addresses of mail,
    # issues, emoji (none is named by two digits, as in a time of day), mathematics, addresses with a
    # scheme or www, hashes of commits. Nothing else, for a reader may meet the text as it is written.
    (?P<apart> (?<!\w)@ | (?<=[0-9a-f]{7})@ | @(?=[\w-]+\.\w) | \$ | \#(?=\d) | :(?!\d\d:)(?=[\w+-]+:)
      | (?i:(?<=\bwww))\. | (?i:(?<=\bGH))-(?=\d) | /(?=/) )
    | (?P<hash> \b[0-9a-f]{7,40}\b )
    # Markup anywhere, and what makes a list or a heading at the start of a line.
    | (?P<marked> [\\`*_\[\]<>|~&\#] | ^[-+=] | (?<=^\d)[.)](?=\s|$) )
    | (?P<number> ^\d{2,9}(?=[.)](?:\s|$)) )
    """,
    re.VERBOSE,
)


def render_summary(results: Results, *, run: Run | None = None, comparison: Comparison | None = None) -> str:
    """Return a summary that is short enough for GitHub; what is left out of it is counted.

    Args:
        results: what is shown; its texts are not trusted.
        run: which run made them, if that is known.
        comparison: what `beyondbase.results.compare.compare` says of an earlier run and these results.
    """
    template = _environment().get_template("summary.md.j2")
    text = ""
    for most, width in CUTS:
        filled = template.render(_cut(clean(_view(results, run, comparison, most)), width))
        text = re.sub(r"\n{3,}", "\n\n", filled)
        if len(text.encode()) <= MOST_BYTES:
            break
    return text


def changes(compared: StudyChange) -> Iterator[str]:
    """Say what changed in a study since an earlier run, the most important first.

    Args:
        compared: a study of what `beyondbase.results.compare.compare` returns.
    """
    if compared.status != "both":
        yield f"The study is only in the {'new' if compared.status == 'added' else 'old'} run."
        return
    pairs = compared.pairs.items()
    moved = [f"{name}: {pair.sentence}" for name, pair in pairs if any(pair.beyond_noise.values())]
    told = [*_verdict_changes(compared.verdicts), *moved]
    yield from told or ["No verdict changed, and no curve by more than noise."]
    yield from (f"{name}: {pair.sentence}" for name, pair in pairs if pair.reason is not None)
    yield from compared.notes


def _verdict_changes(verdicts: Mapping[str, VerdictChange]) -> Iterator[str]:
    for name, entry in sorted(verdicts.items(), key=lambda item: _rank(item[1])):
        if _rank(entry) < len(RANKS):
            yield f"{name}: {entry.why}"


def _rank(entry: VerdictChange) -> int:
    key = entry.status, entry.beyond_noise
    return RANKS.index(key) if key in RANKS else len(RANKS)


def escape(value: object) -> str:
    """Write a text so that GitHub shows it as it is, on one line, as no markup, link or mention."""
    return _SPECIAL.sub(_escaped, re.sub(r"\s+", " ", str(value)).strip())


def _escaped(match: re.Match[str]) -> str:
    kind, text = match.lastgroup, match[0]
    if kind in {"apart", "hash"}:
        # Six letters are too few for the hash of a commit.
        return "".join(f"<span>{text[start : start + 6]}</span>" for start in range(0, len(text), 6))
    return f"\\{text}" if kind == "marked" else f"{text}\\"


def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("beyondbase.report", "page"),
        # Escaping for HTML would not do: this is Markdown, and every expression goes through `escape`.
        autoescape=False,  # noqa: S701
        finalize=escape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _cut(value: object, width: int) -> object:
    if isinstance(value, str):
        return value if len(value) <= width else f"{value[: width - 1]}…"
    if isinstance(value, dict):
        return {key: _cut(item, width) for key, item in value.items()}
    return [_cut(item, width) for item in value] if isinstance(value, list) else value


def _view(results: Results, run: Run | None, comparison: Comparison | None, most: int) -> dict[str, object]:
    compared, day = comparison.studies if comparison else {}, day_of_run(run)
    gone = [
        f"{name}: the study is only in the old run."
        for name, study in compared.items()
        if study.status == "removed"
    ]
    left_out = len(results.studies) - most
    return {
        "compared": comparison is not None,
        "studies": [_study(study, compared.get(study.id), day, most) for study in results.studies[:most]],
        "notes": _some(gone, most) + [f"Studies left out here: {left_out:,}."] * (left_out > 0),
        "origin": _origin(results.suite, run),
    }


def _origin(suite: SuiteRecord, run: Run | None) -> str:
    if run is None:
        return f"Made by {suite.name} {suite.version}; when and by which command is not known."
    return f"Made by {suite.name} {suite.version} at {run.date} with: {run.command}"


def _study(study: StudyRecord, compared: StudyChange | None, day: date, most: int) -> dict[str, object]:
    verdicts = study.verdicts
    left_out = max(len(verdicts) - most, 0)
    if left_out:
        verdicts = sorted(verdicts, key=lambda verdict: _urgency(verdict, day))[:most]
    idle, more = study.not_applicable, len(study.likelihoods) - most
    pairs = [f"{pair.task}, {pair.other}: {headline(pair)}." for pair in study.pairs]
    # Of a task's pairs the one with the most completions, whose floor goes furthest.
    longest = {pair.task: pair for pair in sorted(study.pairs, key=lambda pair: pair.k_max)}
    floors = (f"{task}: {words}" for task, pair in longest.items() for words in floor_words(pair))
    before = compared.verdicts if compared else {}
    return {
        "title": study.title or study.id,
        "counts": _counts(study.verdicts, day),
        "headlines": _some([*pairs, *floors], most),
        "changes": _some(changes(compared) if compared else (), most),
        "rows": [_row(verdict, before.get(verdict.id), day) for verdict in verdicts],
        "left_out": counted(left_out, "more verdict") if left_out else None,
        "likelihoods": [_likelihood(item) for item in study.likelihoods[:most]],
        "likelihoods_left_out": counted(more, "more arm") if more > 0 else None,
        "reasons": _some([*_causes(study), *_remedies(verdicts)], most),
        "asides": _some(asides(study), most),
        "idle_count": len(idle),
        "idle": _some((f"{item.claim} (needs {item.needs})" for item in idle), most),
    }


def _some(lines: Iterable[str], most: int) -> list[str]:
    rest = iter(lines)
    shown = list(islice(rest, most))
    left_out = sum(1 for _ in rest)
    return shown + [f"Left out here: {left_out:,} more."] * (left_out > 0)


def _urgency(verdict: VerdictRecord, day: date) -> int:
    found = standing(verdict, day)
    return [*URGENT, found].index(found)


def _counts(verdicts: Sequence[VerdictRecord], day: date) -> str:
    if not verdicts:
        return "No claim of this study was tested."
    found = Counter(str(verdict.outcome) for verdict in verdicts)
    counts = ", ".join(f"{_signed(outcome)}: {found[outcome]}" for outcome in SIGNS if found[outcome])
    stands = Counter(standing(verdict, day) for verdict in verdicts)
    told = ", ".join(f"{words}: {stands[key]}" for key, words in URGENT.items() if stands[key])
    return f"{counts}; {told or 'all as expected'}."


def _signed(outcome: str) -> str:
    return f"{SIGNS[outcome]} {outcome}"


def _row(verdict: VerdictRecord, before: VerdictChange | None, day: date) -> dict[str, str]:
    numbers = [named_effect(item) for item in verdict.details if item.unit == "k"]
    return {
        "claim": verdict.claim,
        "task": verdict.task,
        "arm": verdict.label,
        "verdict": _signed(verdict.outcome),
        "before": _before(before, verdict),
        "effect": "; ".join([named_effect(verdict.effect), *numbers]),
        "p": DASH if verdict.invalid else p_value(verdict.p_adjusted),
        "expected": _expected(verdict, day),
    }


def _likelihood(item: Likelihood) -> dict[str, str]:
    return {
        "arm": item.arm,
        "task": item.task,
        "perplexity_under_base": _interval(item.perplexity_under_base),
        "perplexity_under_itself": _interval(item.perplexity_under_itself),
        "entropy": _interval(item.entropy),
        "entropy_ratio": _interval(item.entropy_ratio),
    }


def _interval(value: Interval | None) -> str:
    return DASH if value is None else estimate(value, "number")


def _before(before: VerdictChange | None, verdict: VerdictRecord) -> str:
    if before is None or before.outcome is None:
        return "not there"
    earlier = named_effect(before.effect)
    same = earlier == named_effect(verdict.effect)
    return _signed(before.outcome) + ("" if same else f", {earlier}")


def _expected(verdict: VerdictRecord, day: date) -> str:
    waiver = waiver_text(verdict.waiver, day) if verdict.waiver else ""
    expected = f"expected {verdict.expected}"
    match standing(verdict, day):
        case "met":
            return "as the paper says" if verdict.kind == "counter" else "as expected"
        case "expected":
            return "as expected"
        case "free":
            return "nothing expected"
        case "waived":
            return f"{waiver} ({expected})"
        case "unmet":
            told = f"not as expected ({expected})"
        case other:
            told = URGENT[other]
    return f"{told}; {waiver}" if waiver else told


def _causes(study: StudyRecord) -> Iterator[str]:
    for cause in study.unfit:
        yield f"INVALID: {concerned(cause)}: {cause.reason}"


def _remedies(verdicts: Iterable[VerdictRecord]) -> Iterator[str]:
    for remedy, ids in remedies(verdicts).items():
        yield f"INCONCLUSIVE: {some(ids)}: {remedy}"
