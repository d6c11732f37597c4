"""Logs of Inspect: every epoch with the verdict of one scorer, and failures as errors."""

from pathlib import Path
from typing import Any

import pytest
from formats_files import DATA, INSPECT, outcomes, refusal

from beyondbase.formats import read_samples

log = pytest.importorskip("inspect_ai.log")


def changed(path: Path, change: Any) -> Path:
    """Write the log anew with a change."""
    content = log.read_eval_log(str(INSPECT[0]))
    change(content)
    log.write_eval_log(content, str(path))
    return path


def rescored(value: Any, answer: str | None = None, stop: str = "stop") -> Any:
    """Give the first completion of a problem another score."""

    def change(content: Any) -> None:
        sample = next(item for item in content.samples if (item.id, item.epoch) == ("add", 1))
        sample.scores["match"].value, sample.scores["match"].answer = value, answer
        sample.output.choices[0].stop_reason = stop

    return change


@pytest.mark.parametrize("suffix", ["eval", "json"])
def test_every_epoch_comes_in_with_one_scorers_verdict(suffix: str) -> None:
    """Both forms of a log hold the same; a sample that failed is an error, never wrong."""
    found = read_samples("inspect", [DATA / "inspect" / f"tiny_sums.{suffix}"], pick="match")
    assert outcomes(found) == {
        "add": ["correct", "wrong"],
        "2": ["correct", "wrong"],
        "next": ["correct", "error"],
    }
    finishes = {(row.problem_id, row.text): (row.finish, row.tokens) for row in found.rows()}
    assert finishes["add", "6"] == ("length", 1)
    assert finishes["next", "crash"] == ("error", 5)
    assert found.grader == ("inspect-match", "inspect_ai-0.3.285")
    assert found.identity["sampling"] == {"temperature": 0.6, "max_tokens": 64}
    assert {problem.id: problem.gold for problem in found.problems} == {"add": "5", "2": "42", "next": "9"}


def test_scorers_are_picked() -> None:
    """A log with two scorers needs a choice."""
    assert refusal("inspect", INSPECT).endswith("found several scorers; pick one of match, halves")
    partial = outcomes(read_samples("inspect", INSPECT, pick="halves"))
    assert partial["2"] == ["correct", "wrong"]


@pytest.mark.parametrize(
    ("value", "outcome"),
    [
        *(("C", "correct"), ("I", "wrong"), ("P", "wrong"), ("N", "unparsed")),
        *((1.0, "correct"), (0.5, "wrong"), (True, "correct"), (False, "wrong"), (float("nan"), "error")),
    ],
)
def test_only_the_full_score_is_correct(value: Any, outcome: str, tmp_path: Path) -> None:
    """Partial credit is not correct, no answer is unparsed, no number is an error."""
    path = changed(tmp_path / "a.eval", rescored(value, "5"))
    assert outcomes(read_samples("inspect", [path], pick="match"))["add"][0] == outcome


def test_a_cut_off_sample_without_answer_is_truncated(tmp_path: Path) -> None:
    """The reason to stop tells a missing answer from one that was never reached."""
    path = changed(tmp_path / "a.eval", rescored("N", None, "max_tokens"))
    assert outcomes(read_samples("inspect", [path], pick="match"))["add"][0] == "truncated"


@pytest.mark.parametrize("value", [7, "maybe", {"a": 1}])
def test_scores_that_are_no_verdict_are_refused(value: Any, tmp_path: Path) -> None:
    """A scale of its own has no right and wrong."""
    path = changed(tmp_path / "a.eval", rescored(value))
    assert "pick another scorer" in refusal("inspect", [path], "match")


def test_runs_that_did_not_end_are_refused(tmp_path: Path) -> None:
    """The samples that ended first are not the average sample."""
    cancelled = changed(tmp_path / "a.eval", lambda content: setattr(content, "status", "cancelled"))
    assert "inspect eval-retry" in refusal("inspect", [cancelled], "match")


def test_unscored_logs_are_refused(tmp_path: Path) -> None:
    """Without any score there is no verdict to trust."""

    def unscore(content: Any) -> None:
        for sample in content.samples:
            sample.scores = None

    assert "inspect score" in refusal("inspect", [changed(tmp_path / "a.eval", unscore)])


def test_long_questions_and_hostile_texts_come_in_whole(tmp_path: Path) -> None:
    """The summary of a log is cut; the question is not."""
    text = "\0 \u2028 \U0001f600 é" * 4000

    def lengthen(content: Any) -> None:
        for sample in content.samples:
            if sample.id == "add":
                sample.input = text
                sample.output.choices[0].message.content = sample.output.completion = text

    found = read_samples("inspect", [changed(tmp_path / "a.eval", lengthen)], pick="match")
    assert [item.question for item in found.problems if item.id == "add"] == [text]
    assert {row.text for row in found.rows() if row.problem_id == "add"} == {text}


@pytest.mark.parametrize(("name", "content"), [("a.eval", b"PK"), ("a.json", b"{}"), ("a.txt", b"x")])
def test_files_that_are_no_log_are_refused(name: str, content: bytes, tmp_path: Path) -> None:
    """Whatever the reader raises becomes one line."""
    (path := tmp_path / name).write_bytes(content)
    message = refusal("inspect", [path], "match")
    assert message.startswith(f"{path}: ")
    assert "\n" not in message


def test_logs_of_two_models_are_no_arm(tmp_path: Path) -> None:
    """The logs of an arm agree on model and sampling."""
    other = changed(tmp_path / "a.eval", lambda content: setattr(content.eval, "model", "org/other"))
    assert "found model" in refusal("inspect", [*INSPECT, other], "match")
