"""Files as people keep them: packed, in another encoding of Unicode, with other line ends."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
from formats_files import (
    EVALPLUS,
    EVALPLUS_OLDER,
    GSM8K,
    HUMAN_EVAL,
    LIMIT_OF_RLVR,
    LIVECODEBENCH,
    NEMO_SKILLS,
    refusal,
    tally,
)

from beyondbase.formats import read_samples, store_import

FILES = {
    "lm-eval": (GSM8K, "strict-match"),
    "evalplus": (EVALPLUS[0], "plus"),
    "human-eval": (HUMAN_EVAL[0], None),
    "livecodebench": (LIVECODEBENCH[0], None),
    "limit-of-rlvr": (LIMIT_OF_RLVR[0], None),
    "nemo-skills": (NEMO_SKILLS[0], "symbolic"),
}
WAYS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "utf-8-sig": lambda data: data.decode().encode("utf-8-sig"),
    "utf-16": lambda data: data.decode().encode("utf-16"),
    "utf-16-be": lambda data: data.decode().encode("utf-16-be"),
    "utf-32": lambda data: data.decode().encode("utf-32"),
    "utf-16 in gzip": lambda data: gzip.compress(data.decode().encode("utf-16")),
    "crlf": lambda data: data.replace(b"\n", b"\r\n"),
    "blank lines": lambda data: b"\n" + data.replace(b"\n", b"\n\n \n") + b"\n\n\r\n",
    "two parts of gzip": lambda data: gzip.compress(data[:500]) + gzip.compress(data[500:]),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("tool", FILES)
def test_every_importer_reads_files_however_they_were_kept(tool: str, way: str, tmp_path: Path) -> None:
    """The same completions, problems and settings; a packed file may be called .gz or not."""
    path, pick = FILES[tool]
    names = [path.name, f"{path.name}.gz"] if "gzip" in way else [path.name]
    plain = read_samples(tool, [path], pick=pick)
    for name in names:
        (copy := tmp_path / name).write_bytes(WAYS[way](path.read_bytes()))
        found = read_samples(tool, [copy], pick=pick)
        assert [*found.rows()] == [*plain.rows()]
        assert found.problems == plain.problems
        settings = [{**item.identity, "files": [*item.identity["files"]]} for item in (found, plain)]
        assert settings[0] == settings[1]
        assert found.defaults == plain.defaults


def test_a_packed_copy_is_the_same_file(tmp_path: Path) -> None:
    """Beside its original it is given twice; after it, it adds nothing."""
    (plain := tmp_path / "a_results.jsonl").write_bytes(HUMAN_EVAL[0].read_bytes())
    (packed := tmp_path / "a_results.jsonl.gz").write_bytes(gzip.compress(HUMAN_EVAL[0].read_bytes()))
    assert refusal("human-eval", [plain, packed]).endswith("give each file once")
    counts = [
        store_import(read_samples("human-eval", [path]), tmp_path / "s", "T", "base", grader=None)
        for path in (plain, packed)
    ]
    assert counts[0] == counts[1]
    assert counts[0].completions == 6


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (gzip.compress(HUMAN_EVAL[0].read_bytes())[:-30], "cannot be unpacked"),
        (gzip.compress(b"{}" * 999)[:15] + b"\0" * 40, "cannot be unpacked"),
        (b"\x1f\x8b", "cannot be unpacked"),
        (HUMAN_EVAL[0].read_text().encode("utf-16")[:-1], "which is not|not JSON|not UTF-16"),
        (HUMAN_EVAL[0].read_text().encode("utf-16") + b"\x00\xd8\n\x00", "not UTF-16 after this line"),
        (b'\xef\xbb\xbf{"task_id": "\xff"}', "the byte 0xff, which is not UTF-8"),
    ],
    ids=["cut", "damaged", "empty", "odd", "surrogate", "latin"],
)
def test_damaged_files_are_refused_in_one_line(content: bytes, said: str, tmp_path: Path) -> None:
    """The message has the file, and what is wrong with its bytes."""
    (path := tmp_path / "a.jsonl").write_bytes(content)
    message = refusal("human-eval", [path])
    assert message.startswith(str(path))
    assert any(part in message for part in said.split("|"))
    assert "\n" not in message


def test_results_of_older_evalplus_have_the_texts_that_lie_beside_them(tmp_path: Path) -> None:
    """Verdicts stand in the order of the samples of each problem; both are part of what was imported."""
    plus, base = (read_samples("evalplus", EVALPLUS_OLDER, pick=pick) for pick in ("plus", "base"))
    assert (tally(plus)["correct"], tally(base)["correct"]) == (2, 4)
    rows = [*plus.rows()]
    assert (rows[0].text, rows[0].outcome) == ("    return 2 * x\n", "correct")
    assert (rows[4].text, rows[4].outcome) == ("    return max(a, b)\n", "correct")
    assert [*plus.identity["files"]] == ["samples_eval_results.json", "samples.jsonl"]
    assert not plus.note
    (copy := tmp_path / "samples_eval_results.json.gz").write_bytes(
        gzip.compress(EVALPLUS_OLDER[0].read_bytes())
    )
    samples = (EVALPLUS_OLDER[0].parent / "samples.jsonl").read_bytes()
    (tmp_path / "samples.jsonl.gz").write_bytes(gzip.compress(samples))
    assert [*read_samples("evalplus", [copy], pick="plus").rows()] == rows
    (tmp_path / "samples.jsonl.gz").write_bytes(samples.partition(b"\n")[2])
    message = refusal("evalplus", [copy], "plus")
    assert "found 2 completions in samples beside it, 3 in base; give the files of one run" in message


def test_results_of_older_evalplus_without_texts_say_so(tmp_path: Path) -> None:
    """Their verdicts count, and a note says which limits of health must allow for it."""
    (copy := tmp_path / "samples_eval_results.json").write_bytes(EVALPLUS_OLDER[0].read_bytes())
    found = read_samples("evalplus", [copy], pick="plus")
    assert tally(found)["correct"] == 2
    assert {row.text for row in found.rows()} == {""}
    assert found.note.endswith(
        "put samples.jsonl, which evalplus judged, beside it, or set empty = 1.0 and varied = 0.0 in [health]"
    )


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ('["success", [1, 1]]|["ok", []]', 'base: found "ok", know success, failed, timed out'),
        ('["success", [1, 1]]|[null]', "base: found null, know success"),
        ('"base"|"bass"', "base: found null, not its completions"),
        (
            '[["success", [1]], ["failed", []], ["failed", []]]|[["failed", []]]',
            "found 1 completions in plus",
        ),
    ],
)
def test_damaged_results_of_older_evalplus_are_refused(damage: str, said: str, tmp_path: Path) -> None:
    """A status that is unknown is no failure of the model."""
    text = EVALPLUS_OLDER[0].read_text().replace(*damage.split("|"), 1)
    (path := tmp_path / "samples_eval_results.json").write_text(text)
    message = refusal("evalplus", [path], "plus")
    assert message.startswith(f'{path}: eval["HumanEval/0"]: ')
    assert said in message
