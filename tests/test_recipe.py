"""The tables of a study that say how its samples are made."""

from pathlib import Path

import pytest

from beyondbase.engines import OpenaiSettings, TransformersSettings, VllmSettings
from beyondbase.errors import InputError
from beyondbase.study import Study, load_study

SAMPLED = """\
id = "pair"
title = "A pair"
source = "made up"
[evidence]
samples = "drawn"
[tasks.T]
[arms.base]
role = "base"
model = "org/base"
[arms.rl]
role = "rl"
model = "org/rl"
"""


def load(folder: Path, text: str, *, whole: str = SAMPLED) -> Study:
    """Load a study with more tables."""
    file = folder / "study.toml"
    file.write_text(whole + text)
    return load_study(file)


def refusal(folder: Path, text: str, *, whole: str = SAMPLED) -> str:
    """Load a study that must be refused, and return the message without the file."""
    with pytest.raises(InputError) as caught:
        load(folder, text, whole=whole)
    return str(caught.value).replace(f"{folder / 'study.toml'}: ", "")


def test_the_documented_defaults(tmp_path: Path) -> None:
    """A sampled study of the required keys alone has every default as documented."""
    study = load(tmp_path, "[sampling]\nn = 8\nmax_tokens = 64\n[problems.T]\ngym = 'chain_sum'")
    assert study.samples == tmp_path / "drawn"
    assert study.engine == TransformersSettings()
    recipe = study.sampling
    assert recipe is not None
    assert (recipe.temperature, recipe.top_p, recipe.top_k, recipe.prompt) == (1.0, 1.0, 0, "plain")
    assert (recipe.stop_lines, recipe.stop_token_ids, recipe.keep_tokens, recipe.batch) == ((), (), 0, 512)
    assert recipe.seed == 0
    assert study.health.model_dump() == {
        "truncated": 0.1,
        "unparsed": 0.5,
        "undecided": 0.01,
        "empty": 0.05,
        "errors": 0.01,
        "copies": 0.0,
        "varied": 0.05,
        "mixed": False,
    }
    assert (study.problems["T"].source, study.problems["T"].graded_by) == ("gym", "gym")


@pytest.mark.parametrize(
    ("table", "kind"),
    [
        ('engine = "transformers"\nbatch_size = 3', TransformersSettings(batch_size=3)),
        ('engine = "vllm"\ntensor_parallel = 2', VllmSettings(tensor_parallel=2)),
        ('engine = "openai"\nurl = "http://x"', OpenaiSettings(url="http://x")),
    ],
)
def test_an_engine_by_its_name(tmp_path: Path, table: str, kind: object) -> None:
    """The key engine chooses which other keys a table [engine] has."""
    assert load(tmp_path, f"[engine]\n{table}\n").engine == kind


@pytest.mark.parametrize(
    ("table", "grader"),
    [
        ("file = 'p.jsonl'", "math"),
        ("file = 'p.jsonl'\nanswers = 'choice'", "choice"),
        ("hub = 'o/d'\nanswers = 'text'", "exact"),
        ("gym = 'gcd'", "gym"),
        ("gym = 'gcd'\ngrader = 'exact'", "exact"),
    ],
)
def test_who_grades_follows_from_the_answers(tmp_path: Path, table: str, grader: str) -> None:
    """The kind of answers chooses the grader, unless one is named."""
    assert load(tmp_path, f"[problems.T]\n{table}\n").problems["T"].graded_by == grader


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            '[engine]\nengine = "vlm"',
            'engine: found {"engine": "vlm"}; use one of transformers, vllm, openai',
        ),
        ('[[engine]]\nengine = "vllm"', 'engine: found [{"engine": "vllm"}]; use a table'),
        ("[engine]\nthreads = 1", 'add engine = "transformers", "vllm" or "openai"'),
        ('[engine]\nengine = "openai"', "[engine] url: missing; add the key url, where the server is"),
        (
            '[engine]\nengine = "vllm"\ntensor_paralel = 2',
            '[engine] tensor_paralel: found an unknown key (did you mean "tensor_parallel"?); use one of',
        ),
        (
            '[engine]\nengine = "vllm"\ntensor_parallel = "2"',
            '[engine] tensor_parallel: found "2"; use a whole number',
        ),
        ("[sampling]\nn = 8", "[sampling] max_tokens: missing; add how many tokens"),
        (
            "[sampling]\nn = 0\nmax_tokens = 1",
            "[sampling] n: found 0; use a number greater than or equal to 1",
        ),
        (
            "[sampling]\nn = 8\nmax_tokens = 1\nseed = -1",
            "[sampling] seed: found -1; use a number greater than or equal to 0",
        ),
        (
            "[sampling]\nn = 8\nmax_tokens = 1\nstop_lines = ['a\\nb', '']",
            "[sampling] stop_lines: found",
        ),
        (
            "[sampling]\nn = 8\nmax_tokens = 1\ntemperature = 0.0",
            "[sampling] temperature: found 0, which makes all 8 completions one; use more, or n = 1",
        ),
        (
            "[problems.T]\ngrader = 'maths'",
            '[problems.T] grader: found "maths"; use one of math, exact, choice, gym, countdown',
        ),
        ("[problems.T]\ngrader = 'Math'", '[problems.T] grader: found "Math"; write "math"; use one of'),
        ("[problems.T]\ngrader = 'math-verify'", 'grader: found "math-verify"; use one of math, exact'),
        ("[problems.T]\ngym = 'gcd'\nhub = 'x'", "name one source of problems; found hub and gym"),
        ("[problems.T]\npath = 'x.jsonl'", "path is the local copy of a benchmark; use file for"),
        ("[problems.U]\ngym = 'gcd'", "[problems] U: found no such task; use one of T"),
        (
            "[problems.T]\nanswers = 'sets'",
            '[problems.T] answers: found "sets"; use one of number, expression',
        ),
        ("[health]\nempty = 2.0", "[health] empty: found 2.0; use a number less than or equal to 1"),
        ("[arms.x]\nrole = 'rl'\nmodel = 'm'\nadapter = 'a'", '[arms.x] adapter: found "a" with [engine]'),
        (
            "[arms.x]\nrole = 'rl'\nmodel = 'm'\nurl = 'http://x'",
            '[arms.x] url: found "http://x" with [engine]',
        ),
    ],
)
def test_mistakes_name_their_key(tmp_path: Path, text: str, said: str) -> None:
    """Each mistake in these tables is told by its key, what was found and what to do."""
    assert said in refusal(tmp_path, text)


@pytest.mark.parametrize(
    ("evidence", "said"),
    [
        ("", "[evidence] tallies: missing; add a .csv, .tsv or .parquet file of counts"),
        ('tallies = "c.csv"\nsamples = "s"', "[evidence] samples: found beside tallies; keep one of the two"),
        ('samples = "s"\nexamples = "e.jsonl"', "[evidence] examples: found beside samples"),
    ],
)
def test_evidence_is_counts_or_samples(tmp_path: Path, evidence: str, said: str) -> None:
    """A study has counts or samples: neither, both, or examples beside samples is a mistake."""
    whole = SAMPLED.replace('samples = "drawn"', evidence)
    assert said in refusal(tmp_path, "", whole=whole)
