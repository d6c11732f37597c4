"""Pass and fail: whether what the paper found was found again, by the kind of each claim."""

from pathlib import Path

import pytest
from plugin_project import (
    FAR,
    LEADS,
    TRAILS,
    Project,
    claim_text,
    simple_project,
    study_text,
    whole_output,
)
from study_factory import LUCKY_BASE, ROOT, TRUTHS, WEAK_BASE, all_claims, judged, made

from beyondbase import InputError, Outcome, claim, pairs
from beyondbase.judging.claim import Claim, load_claims
from beyondbase.report.terminal import expectation

CLAIMS = all_claims()
COUNTER = ', kind="counter", excludes=("rl-leads",)'
COMPANION = ', kind="companion"'
FORESEEN = "as the study expects, not as the paper says"
PAIRS = [name for name, truth in TRUTHS.items() if truth.arms == TRUTHS["rl-expands"].arms]
# Both arms have problems that they never solve; RL always solves all others, the base most of them once.
FOUND = {"base": [(0.3, 0.9), (0.0, 0.1)], "rl": [(1.0, 0.6), (0.0, 0.4)]}


def project_of(pytester: pytest.Pytester, *more: str, tail: str = "") -> Project:
    """A project with one finding that is supported, and further claims."""
    project = simple_project(pytester, claim_text("rl-leads", LEADS), *more)
    project.study(study=study_text(tail=tail))
    return project


def words(result: pytest.RunResult) -> list[str]:
    """The lines that say in words how the tests ended."""
    start = result.outlines.index("in words:") + 1
    return [line.strip() for line in result.outlines[start:] if line.startswith("  ")]


def test_what_the_paper_found_passes(pytester: pytest.Pytester) -> None:
    """Without [expect], a supported finding and a refuted counter-claim pass, and the run is green."""
    project = project_of(pytester, claim_text("rl-trails", TRAILS, kind=COUNTER))
    result = project.run()
    result.assert_outcomes(passed=2)
    assert result.ret == 0
    assert words(result) == ["2 passed: 1 finding supported and 1 counter-claim refuted, as the paper says"]
    (line,) = [line for line in result.outlines if line.startswith("rl-trails ")]
    assert line.endswith("  RL - base pass@1; as the paper says")


def test_a_refuted_finding_fails_by_name(pytester: pytest.Pytester) -> None:
    """A finding that is not reproduced makes the run red, and its name stands in the last lines."""
    result = project_of(pytester, claim_text("rl-trails", TRAILS)).run()
    result.assert_outcomes(passed=1, failed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["REFUTED: base ahead *, expected SUPPORTED: the finding was not reproduced"])
    assert words(result) == [
        "1 failed: 1 finding refuted, which was not expected: rl-trails[T/rl]",
        "1 passed: 1 finding supported, as the paper says",
    ]


def test_a_supported_counter_claim_fails(pytester: pytest.Pytester) -> None:
    """What excludes a finding makes the run red where it is shown, and the message says what it excludes."""
    project = project_of(pytester, claim_text("rl-leads-too", LEADS, kind=COUNTER))
    result = project.run()
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["SUPPORTED: *, expected REFUTED: a counter-claim, it excludes rl-leads"])
    assert "1 failed: 1 counter-claim supported, which was not expected: rl-leads-too[T/rl]" in words(result)


@pytest.mark.parametrize(("arguments", "ends"), [([], "skipped"), (["--inconclusive=fail"], "failed")])
def test_an_open_counter_claim_skips(pytester: pytest.Pytester, arguments: list[str], ends: str) -> None:
    """A counter-claim that is neither shown nor refuted is treated like such a finding."""
    result = project_of(pytester, claim_text("rl-far", FAR, kind=COUNTER)).run(*arguments)
    result.assert_outcomes(passed=1, **{ends: 1})


@pytest.mark.parametrize("returns", [LEADS, TRAILS, FAR], ids=["supported", "refuted", "inconclusive"])
def test_a_companion_never_makes_a_run_red(pytester: pytest.Pytester, returns: str) -> None:
    """Whatever becomes of a companion, its test passes, also where undecided verdicts fail."""
    result = project_of(pytester, claim_text("beside", returns, kind=COMPANION)).run("--inconclusive=fail")
    result.assert_outcomes(passed=2)
    assert result.ret == 0
    assert words(result)[0].endswith(", of which nothing is expected")


ANYTHING = (
    claim_text("rl-trails", TRAILS),
    claim_text("rl-leads-too", LEADS, kind=COUNTER),
    claim_text("rl-far", FAR),
)


def test_nothing_may_be_expected(pytester: pytest.Pytester) -> None:
    """With --expect=none verdicts are told and no test fails, even against [expect]; results are the same."""
    project = project_of(pytester, *ANYTHING, tail='[expect]\nrl-leads = "REFUTED"')
    project.run().assert_outcomes(failed=3, skipped=1)
    before = project.results_file().read_bytes()
    result = project.run("--expect=none", "--inconclusive=fail")
    result.assert_outcomes(passed=4)
    assert result.ret == 0
    assert project.results_file().read_bytes() == before


def test_the_study_alone_may_be_asked(pytester: pytest.Pytester) -> None:
    """With --expect=study what [expect] does not name is only told."""
    tail = '[expect]\nrl-trails = "SUPPORTED"\nrl-leads = "SUPPORTED"'
    result = project_of(pytester, *ANYTHING, tail=tail).run("--expect=study")
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(["REFUTED: base ahead *, expected SUPPORTED by the study"])


@pytest.mark.parametrize("expect", ["paper", "study", "none"])
def test_unfit_evidence_is_an_error_whatever_is_expected(pytester: pytest.Pytester, expect: str) -> None:
    """INVALID errs for a finding, a counter-claim and a companion alike."""
    kinds = ("", COUNTER, COMPANION)
    more = (claim_text(f"large-{i}", LEADS, large_k=True, kind=kind) for i, kind in enumerate(kinds))
    result = project_of(pytester, *more, tail='[expect]\nlarge-0 = "ANY"').run(f"--expect={expect}")
    result.assert_outcomes(passed=1, errors=3)
    assert result.ret == pytest.ExitCode.TESTS_FAILED


OWN_WORD = """[expect]
rl-trails = { verdict = "REFUTED", reason = "another recipe" }
rl-leads-too = "SUPPORTED"
rl-far = "ANY"
beside = "REFUTED"
met-beside = "REFUTED"
"""


def test_a_study_overrides_by_its_own_word(pytester: pytest.Pytester) -> None:
    """What a study expects counts instead: findings that fall as foreseen xfail, and "ANY" frees a claim."""
    beside = (
        claim_text("beside", LEADS, kind=COMPANION),
        claim_text("met-beside", TRAILS, kind=COMPANION),
    )
    project = project_of(pytester, *ANYTHING, *beside, tail=OWN_WORD)
    result = project.run("-rx", "--inconclusive=fail")
    result.assert_outcomes(passed=3, xfailed=2, failed=1)
    result.stdout.fnmatch_lines(["XFAIL*rl_trails*REFUTED as expected: another recipe"])
    assert words(result) == [
        "1 failed: 1 companion supported, which was not expected: beside[T/rl]",
        (
            "3 passed: 1 finding supported, as the paper says; 1 finding inconclusive, of which nothing is"
            " expected; 1 companion refuted, as the study expects"
        ),
        f"2 xfailed: 1 finding refuted and 1 counter-claim supported, {FORESEEN}",
    ]
    expected = {row["claim"]: row["expected"] for row in project.results()["studies"][0]["verdicts"]}
    assert expected["rl-far"] == "ANY"


def test_words_are_the_same_under_workers(pytester: pytest.Pytester) -> None:
    """The controller counts what its workers ran."""
    project = project_of(pytester, *ANYTHING, claim_text("beside", LEADS, kind=COMPANION))
    alone, shared = project.run(), project.run("-n", "2")
    assert len(words(alone)) == 3
    assert words(shared) == words(alone)


def test_ordinary_tests_are_not_counted_in_words(pytester: pytest.Pytester) -> None:
    """A test beside the claims is pytest's to count."""
    project = project_of(pytester)
    project.write("claims/test_plain.py", "def test_plain(): pass\n")
    result = project.run()
    result.assert_outcomes(passed=2)
    assert words(result) == ["1 passed: 1 finding supported, as the paper says"]


REMARKS = [
    ("finding", "SUPPORTED", "SUPPORTED", []),
    ("finding", "REFUTED", "SUPPORTED", ["expected SUPPORTED"]),
    ("finding", "REFUTED", "REFUTED", ["expected REFUTED"]),
    ("finding", "INCONCLUSIVE", "SUPPORTED", []),
    ("finding", "INCONCLUSIVE", "INCONCLUSIVE", ["expected INCONCLUSIVE"]),
    ("finding", "REFUTED", "ANY", ["no outcome expected"]),
    ("counter", "REFUTED", "REFUTED", ["as the paper says"]),
    ("counter", "SUPPORTED", "REFUTED", ["expected REFUTED"]),
    ("counter", "INCONCLUSIVE", "REFUTED", []),
    ("companion", "REFUTED", "ANY", ["no outcome expected"]),
    ("companion", "INVALID", "ANY", []),
    ("companion", "REFUTED", "REFUTED", ["expected REFUTED"]),
]


@pytest.mark.parametrize(("kind", "outcome", "expected", "remark"), REMARKS)
def test_the_table_remarks_what_is_not_plain(
    kind: str, outcome: str, expected: str, remark: list[str]
) -> None:
    """A line of the table says how its verdict stands to what is expected, where the verdict does not."""
    assert [*expectation({"kind": kind, "outcome": outcome, "expected": expected})] == remark


def run_suite(pytester: pytest.Pytester, folder: Path, *arguments: str) -> pytest.RunResult:
    """Judge a study on the suite's claims."""
    return pytester.runpytest_inprocess("-p", "no:cacheprovider", f"--study={folder}", *arguments)


def test_a_study_that_shows_what_the_paper_found_is_green(pytester: pytest.Pytester, tmp_path: Path) -> None:
    """Without a word on expectations, every claim on a pair passes, and the run exits 0."""
    made(tmp_path, "rl-expands", FOUND, claims=PAIRS)
    result = run_suite(pytester, tmp_path)
    assert result.ret == 0, whole_output(result)
    result.assert_outcomes(passed=len(PAIRS))
    assert "1 counter-claim refuted, as the paper says" in words(result)[0]


def test_a_study_that_refutes_a_finding_is_red_by_name(pytester: pytest.Pytester, tmp_path: Path) -> None:
    """Where RL is ahead at every k, the run fails and names the finding and the counter-claim."""
    made(tmp_path, "rl-expands", WEAK_BASE, claims=["rl-leads-at-1", "base-overtakes", "rl-expands"])
    result = run_suite(pytester, tmp_path)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert words(result)[0] == (
        "2 failed: 1 finding refuted and 1 counter-claim supported, which was not expected:"
        " base-overtakes[T/rl], rl-expands[T/rl]"
    )
    assert run_suite(pytester, tmp_path, "--expect=none").ret == 0


@pytest.mark.parametrize("counter", [name for name, card in CLAIMS.items() if card.kind == "counter"])
@pytest.mark.parametrize(("rates", "shown"), [(WEAK_BASE, Outcome.SUPPORTED), (LUCKY_BASE, Outcome.REFUTED)])
def test_a_counter_claim_and_what_it_excludes_are_never_both_shown(
    tmp_path: Path, counter: str, rates: dict[str, list[tuple[float, float]]], shown: Outcome
) -> None:
    """Where the counter-claim is supported all that it excludes is refuted, and the other way round."""
    judgement = judged(made(tmp_path, counter, rates, claims=[counter, *CLAIMS[counter].excludes]))
    found = {entry.claim.id: entry.outcome for entry in judgement.judged}
    assert found.pop(counter) is shown
    assert set(found.values()) == {Outcome.SUPPORTED, Outcome.REFUTED} - {shown}


WRONG_KINDS = {
    "no kind": (', kind="critic"', 'found kind = \'critic\'; use one of "finding", "counter", "companion"'),
    "misspelt": (', kind="findings"', '(did you mean "finding"?)'),
    "excludes nothing": (
        ', kind="counter"',
        "a counter-claim names the findings that it excludes; add excludes=",
    ),
    "finding excludes": (
        ', excludes=("rl-leads",)',
        'found excludes on a finding; use kind="counter", or delete',
    ),
    "a text": (
        ', kind="counter", excludes="rl-leads"',
        "found excludes = 'rl-leads'; use a tuple, ('rl-leads',)",
    ),
    "unknown": (
        ', kind="counter", excludes=("rl-leds",)',
        "'rl-leds' in excludes, which is no finding at hand; use ids of rl-leads (did you mean ",
    ),
    "itself": (', kind="counter", excludes=("odd",)', "found 'odd' in excludes, which is no finding at hand"),
}


@pytest.mark.parametrize(("kind", "message"), WRONG_KINDS.values(), ids=WRONG_KINDS)
def test_a_wrong_kind_is_one_message(pytester: pytest.Pytester, kind: str, message: str) -> None:
    """A kind that is none, or that does not go with what is excluded, is told with file and claim."""
    result = project_of(pytester, claim_text("odd", LEADS, kind=kind)).run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    (line,) = [line for line in result.errlines if line.startswith("ERROR: ")]
    assert "test_claims.py: claim 'odd': " in line
    assert message in line
    assert "Traceback" not in whole_output(result)


def test_a_wrong_kind_is_told_where_the_claim_is_made() -> None:
    """The decorator refuses it itself, so that also a claim outside of any folder is checked."""
    with pytest.raises(InputError, match=r"claim 'odd': found kind = 'critic'"):
        claim("odd", finding="x", paper="x", hypothesis="x", over=pairs("rl"), kind="critic")(lambda _: None)  # type: ignore[arg-type, return-value]


def table_rows(text: str) -> list[list[str]]:
    """The cells of the first table of a page, without its head."""
    lines = text[text.index("\n|") + 1 :].partition("\n\n")[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def row_of(card: Claim) -> list[str]:
    """What the table of claims says of one."""
    excluded = ", ".join(f"`{name}`" for name in card.excludes)
    kind = {"counter": f"counter-claim to {excluded}"}.get(card.kind, card.kind)
    return [f"`{card.id}`", kind, card.finding, card.over.needs]


def test_the_table_of_claims_is_that_of_the_code() -> None:
    """docs/claims.md lists every claim with its kind, what it says and what it needs, in order."""
    rows = table_rows((ROOT / "docs" / "claims.md").read_text(encoding="utf-8"))
    assert rows == [row_of(card) for card in load_claims([ROOT / "claims"])]
