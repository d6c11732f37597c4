"""Waivers: what a dated exception does to a test, and what it never does to a verdict."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from plugin_project import (
    EXPECT,
    GAINS,
    LEADS,
    TRAILS,
    Project,
    claim_text,
    counts_text,
    outcome_project,
    simple_project,
    study_text,
    whole_output,
    words_of,
)
from results_json import content_of
from study_factory import BASE, RL, judged, write_study

from beyondbase import InputError, load_study
from beyondbase.judging import waivers

UNWANTED = ("base-leads", "far-ahead", "at-large-k", "broken", "surprise")
LAST_DAY = date(2027, 1, 31)
NEXT_DAY = date(2027, 2, 1)


def waive_text(keys: Iterable[str], until: date = LAST_DAY) -> str:
    """Write a table [waive]."""
    lines = [f'"{key}" = {{ reason = "grader, issue 7", owner = "Ada", until = {until} }}' for key in keys]
    return "\n".join(["[waive]", *lines, ""])


def waived_project(pytester: pytest.Pytester, until: date = LAST_DAY) -> Project:
    """Make a project in which every verdict that is not as expected is waived."""
    project = outcome_project(pytester)
    project.study(study=study_text(tail=EXPECT + waive_text(UNWANTED, until)))
    return project


def trailing_project(pytester: pytest.Pytester, *keys: str, until: date = LAST_DAY) -> Project:
    """Make a project of one claim that is refuted for one arm and supported for another, with waivers."""
    project = simple_project(pytester, claim_text("base-leads", TRAILS))
    gains = GAINS | {"worse": -1}
    arms = {"base": "base", "rl": "rl", "worse": "rl"}
    project.study(
        study=study_text(arms=arms, tail=waive_text(keys, until)),
        counts=counts_text({arm: gain + 1 for arm, gain in gains.items()}),
    )
    return project


@pytest.fixture
def on(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Set the day to the last on which the waivers of this module hold."""
    monkeypatch.setattr(waivers, "today", lambda: LAST_DAY)
    return monkeypatch


HELD = '{ reason = "x", owner = "y", until = 2027-01-31 }'


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ('[waive]\n"RL leads" = {}', '[waive."RL leads"] reason: missing; add why the verdict may stay'),
        (f'[waive]\n"RL leads" = {HELD}', '[waive] "RL leads": is no claim; use claim-id or claim-id[task'),
        (f'[waive]\n"a[Tt/rl]" = {HELD}', 'task "Tt"; use one of T'),
        (f'[waive]\n"a[T/r]" = {HELD}', 'found the arm "r"; use one of base, rl'),
        ('[waive]\na = "for now"', '[waive] a: found "for now"; use a table'),
        ('[waive.a]\nreason = "x"', "[waive.a] owner: missing; add who sees to it"),
        ('[waive.a]\nreason = "x"', "[waive.a] until: missing; add the last day on which it holds (UTC)"),
        ('[waive.a]\nreason = " "', '[waive.a] reason: found " "; use text that is not empty'),
        ('[waive.a]\nowner = ""', '[waive.a] owner: found ""; use text that is not empty'),
        ("[waive.a]\nuntil = 2027-01-31T10:00:00Z", 'found "2027-01-31 10:00:00+00:00"; use a date without'),
        (
            '[waive.a]\nuntil = "2027-01-31"',
            'found "2027-01-31"; use a date without quotes, such as 2027-01-',
        ),
        ("[waive.a]\nuntill = 2027-01-31", 'untill: found an unknown key (did you mean "until"?); use one'),
        ("[waive.a]\nuntil = 10:00:00", '[waive.a] until: found "10:00:00"; use a date without quotes'),
    ],
)
def test_a_mistake_in_a_waiver_is_refused(tmp_path: Path, table: str, message: str) -> None:
    """Each mistake is told with the file, the key, what was found and what to do."""
    file = tmp_path / "study.toml"
    file.write_text(study_text(tail=table))
    with pytest.raises(InputError) as caught:
        load_study(file)
    assert any(line.startswith(f"{file}: ") and message in line for line in str(caught.value).splitlines())


def test_today_is_the_day_in_utc() -> None:
    """A waiver ends at the same moment everywhere."""
    before = datetime.now(UTC).date()
    assert before <= waivers.today() <= datetime.now(UTC).date()


@pytest.mark.usefixtures("on")
def test_a_waiver_excuses_every_verdict_that_is_not_as_expected(pytester: pytest.Pytester) -> None:
    """REFUTED, INCONCLUSIVE, INVALID and an unexpected SUPPORTED xfail, with who answers for it and why."""
    result = waived_project(pytester).run("-rx", "--inconclusive=fail")
    result.assert_outcomes(passed=1, xfailed=7, warnings=0)
    assert result.ret == 0
    waived = "*waived until 2027-01-31 by Ada: grader, issue 7; "
    result.stdout.fnmatch_lines(
        [
            f"{waived}REFUTED: base ahead at k = 1: *, adjusted p = *, expected SUPPORTED: *",
            f"{waived}INCONCLUSIVE: RL far ahead at k = 1: *more problems would probably decide*",
            f"{waived}INVALID: too few samples for claims about large k*",
            f"{waived}INVALID: the claim's code failed: ZeroDivisionError*",
            f"{waived}SUPPORTED: RL ahead at k = 1: *, expected REFUTED by the study",
        ]
    )


@pytest.mark.usefixtures("on")
def test_a_waiver_changes_no_verdict(pytester: pytest.Pytester) -> None:
    """Outcome, p and expectation stand in results.json and in the table as without waivers."""
    project = outcome_project(pytester)
    tables, verdicts = [], []
    for tail in (EXPECT, EXPECT + waive_text(UNWANTED)):
        project.study(study=study_text(tail=tail))
        tables.append(words_of(project.run("-q"), "base-leads"))
        verdicts.append(project.results()["studies"][0]["verdicts"])
    # Only the remarks beyond verdict, effect and p tell of the waiver, after what is expected.
    assert tables[1][: len(tables[0])] == [*tables[0][:-1], f"{tables[0][-1]};"]
    assert [row["waiver"] for row in verdicts[0]] == [None] * 8
    waiver = {"reason": "grader, issue 7", "owner": "Ada", "until": "2027-01-31"}
    waived = {row["claim"]: row["waiver"] for row in verdicts[1] if row["waiver"]}
    assert sorted(waived) == sorted(UNWANTED)
    assert [found for found in waived.values() if found != waiver] == []
    plain = [
        {key: value for key, value in row.items() if key != "waiver"} for rows in verdicts for row in rows
    ]
    assert plain[:8] == plain[8:]


def test_a_waiver_ends_with_its_day(pytester: pytest.Pytester, on: pytest.MonkeyPatch) -> None:
    """The day after its last, a waiver excuses nothing and a warning says so; the results are the same."""
    project = waived_project(pytester)
    project.run()
    before = project.results_file().read_bytes()
    on.setattr(waivers, "today", lambda: NEXT_DAY)
    result = project.run()
    result.assert_outcomes(passed=1, failed=2, skipped=1, errors=2, xfailed=2, warnings=5)
    result.stdout.fnmatch_lines(
        [
            "*= warnings summary =*",
            "claims/test_one.py::test_base_leads[[]small/T/rl]",
            "*WaiverWarning: *study.toml: waiver of 'base-leads' expired on 2027-01-31 (by Ada: grader, *",
        ]
    )
    assert project.results_file().read_bytes() == before


def test_a_run_has_one_day(pytester: pytest.Pytester, on: pytest.MonkeyPatch) -> None:
    """A run that passes midnight holds all waivers against the day on which it started."""
    days = iter([LAST_DAY])
    on.setattr(waivers, "today", lambda: next(days, NEXT_DAY))
    waived_project(pytester).run().assert_outcomes(passed=1, xfailed=7, warnings=0)


@pytest.mark.usefixtures("on")
@pytest.mark.parametrize("arguments", [[], ["-W", "error"]], ids=["ini", "option"])
def test_warnings_about_waivers_break_nothing(pytester: pytest.Pytester, arguments: list[str]) -> None:
    """Also where warnings are errors, one about a waiver is a warning, and the test keeps its outcome."""
    project = trailing_project(pytester, "base-leads[T/rl]", until=date(2026, 1, 1))
    project.write("pytest.ini", "" if arguments else "[pytest]\nfilterwarnings = error\n")
    result = project.run(*arguments)
    result.assert_outcomes(passed=1, failed=1, warnings=1)
    result.stdout.fnmatch_lines(["*WaiverWarning: *waiver of 'base-leads[[]T/rl]' expired on 2026-01-01 *"])
    assert "INTERNALERROR" not in whole_output(result)


@pytest.mark.usefixtures("on")
def test_warnings_about_waivers_can_be_silenced(pytester: pytest.Pytester) -> None:
    """A filter of the user that ignores them is heeded."""
    project = trailing_project(pytester, "base-leads", until=date(2026, 1, 1))
    result = project.run("-W", "ignore::beyondbase.judging.waivers.WaiverWarning")
    result.assert_outcomes(passed=1, failed=1, warnings=0)


@pytest.mark.usefixtures("on")
def test_a_waiver_that_nothing_needs_is_told(pytester: pytest.Pytester) -> None:
    """A waiver of what is as expected warns, and leaves the test alone."""
    result = trailing_project(pytester, "base-leads[T/worse]").run()
    result.assert_outcomes(passed=1, failed=1, warnings=1)
    result.stdout.fnmatch_lines(
        ["*waiver of 'base-leads[[]T/worse]' is not needed: what it covers is as expected; delete it"]
    )


@pytest.mark.usefixtures("on")
def test_a_waiver_of_a_claim_covers_all_its_cases(pytester: pytest.Pytester) -> None:
    """A waiver without task and arm is needed as long as one case of the claim is not as expected."""
    trailing_project(pytester, "base-leads").run().assert_outcomes(passed=1, xfailed=1, warnings=0)


@pytest.mark.usefixtures("on")
def test_the_waiver_of_a_case_goes_before_that_of_its_claim(pytester: pytest.Pytester) -> None:
    """A case with a waiver of its own is not excused by that of the claim, which then covers the rest."""
    project = trailing_project(pytester)
    text = waive_text(["base-leads"]) + waive_text(["base-leads[T/rl]"], date(2026, 1, 1)).removeprefix(
        "[waive]"
    )
    arms = {"base": "base", "rl": "rl", "worse": "rl"}
    project.study(study=study_text(arms=arms, tail=text), counts=(project.path / COUNTS).read_text())
    result = project.run()
    result.assert_outcomes(passed=1, failed=1, warnings=2)
    result.stdout.fnmatch_lines(
        ["*waiver of 'base-leads[[]T/rl]' expired*", "*waiver of 'base-leads' is not n*"]
    )


COUNTS = "fixtures/small/counts.csv"


def test_waivers_work_under_workers(pytester: pytest.Pytester) -> None:
    """Under xdist waived tests xfail as without it, and each warning reaches the user once."""
    project = waived_project(pytester, date(9999, 12, 31))
    project.write("pytest.ini", "[pytest]\nfilterwarnings = error\n")
    project.run("-n", "2").assert_outcomes(passed=1, xfailed=7, warnings=0)
    whole = project.results_file().read_bytes()
    project.run()
    assert project.results_file().read_bytes() == whole
    project.study(study=study_text(tail=EXPECT + waive_text(["surprise", "rl-leads"], date(2000, 1, 1))))
    result = project.run("-n", "2")
    result.assert_outcomes(passed=1, failed=2, skipped=1, errors=2, xfailed=2, warnings=2)
    result.stdout.fnmatch_lines(["*waiver of 'surprise' expired on 2000-01-01*"])


@pytest.mark.usefixtures("on")
def test_runxfail_leaves_waivers_out(pytester: pytest.Pytester) -> None:
    """--runxfail shows what is waived as the failures and errors that they are."""
    result = waived_project(pytester).run("--runxfail")
    result.assert_outcomes(passed=3, failed=2, skipped=1, errors=2)


@pytest.mark.usefixtures("on")
def test_a_skipped_claim_stays_skipped(pytester: pytest.Pytester) -> None:
    """A waiver does not undo a mark of the user, and a test that is skipped says nothing of it."""
    project = simple_project(
        pytester, claim_text("rl-leads", LEADS, mark='@pytest.mark.skip(reason="later")')
    )
    project.study(study=study_text(tail=waive_text(["rl-leads"])))
    project.run().assert_outcomes(skipped=1, warnings=0)


def test_results_hold_the_waiver_as_written(tmp_path: Path) -> None:
    """results.json names reason, owner and last day of the waiver that is meant, expired or not."""
    waive = {
        "rl-leads-at-1": {"reason": "all", "owner": "Ada", "until": date(2001, 1, 1)},
        "rl-leads-at-1[T/rl]": {"reason": "one", "owner": "Bo", "until": date(2999, 1, 1)},
    }
    counts = {arm: (20, [5, 9, 12]) for arm in ("base", "rl", "more")}
    arms = {"base": BASE, "rl": RL, "more": RL}
    study = write_study(tmp_path, arms, counts, claims=["rl-leads-at-1"], waive=waive)
    (content,) = content_of(judged(study))["studies"]
    assert [(row["label"], row["waiver"]) for row in content["verdicts"]] == [
        ("rl", {"reason": "one", "owner": "Bo", "until": "2999-01-01"}),
        ("more", {"reason": "all", "owner": "Ada", "until": "2001-01-01"}),
    ]
