"""The study file: what it may say, and what a user reads where it is wrong."""

import re
from datetime import date
from pathlib import Path

import pytest

from beyondbase.errors import InputError
from beyondbase.study import Study, load_study

MINIMAL = """\
id = "pair"
title = "A pair"
source = "made up"
[evidence]
tallies = "counts.csv"
[tasks.MATH500]
[arms.base]
role = "base"
model = "org/base"
[arms.rl]
role = "rl"
model = "org/rl"
"""
EXAMPLES = 'tallies = "counts.csv"\nexamples = {}'
SECOND_BASE = '[arms.other]\nrole = "base"\nmodel = "org/other"\n'


def write(folder: Path, text: str | bytes) -> Path:
    """Write study.toml into a folder."""
    file = folder / "study.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def refusal(path: Path) -> str:
    """Load a study that must be refused, and return the message."""
    with pytest.raises(InputError) as caught:
        load_study(path)
    return str(caught.value)


def test_a_minimal_study_has_the_documented_defaults(tmp_path: Path) -> None:
    """A study of the required keys alone loads, with every default as documented."""
    study = load_study(write(tmp_path, MINIMAL))
    assert (study.alpha, study.seed, study.claims, study.k_large) == (0.05, 0, None, None)
    margins = {"lead": 0.0, "overtake": 0.0, "subset": 0.02, "alike": 0.05, "sampling_gap": 0.20}
    margins |= {"perplexity": 0.05, "entropy": 0.10}
    assert study.margins.model_dump() == margins
    assert study.grid.model_dump() == {
        "k": None,
        "k_large": None,
        "k_large_min": 16,
        "k_superior": None,
        "tau": (0.25, 0.5, 0.75),
    }
    assert study.expect == study.waive == {}
    assert study.example_paths == ()
    assert study.tally_paths == (tmp_path / "counts.csv",)


FULL = """\
id = "pair"
title = "A pair"
source = "made up"
alpha = 0.01
seed = 3
claims = ["rl-leads-at-1", "rl-expands"]
[evidence]
tallies = ["a.csv", "b.parquet"]
examples = "read.jsonl"
[tasks."AIME 24"]
benchmark = "AIME24"
[arms.base]
role = "base"
model = "org/base"
[arms.rl]
role = "rl"
model = "org/rl"
base = "base"
algorithm = "GRPO"
step = 150
kl = 0
rollouts = 8
temperature = 0.6
top_p = 1
max_tokens = 16384
labels = { cluster = "a100" }
[arms.guess]
role = "guess"
[margins]
lead = 0.01
[grid]
k = [1, 2, 4]
k_large = 128
tau = [0.5, 1]
[expect]
rl-leads-at-1 = "SUPPORTED"
"rl-expands[AIME 24/rl]" = { verdict = "REFUTED", reason = "the base overtakes" }
[waive]
"rl-leads-at-1[AIME 24/rl]" = { reason = "grader, issue 7", owner = "Ada", until = 2027-01-31 }
"""


def test_a_full_study_keeps_every_key(tmp_path: Path) -> None:
    """Every optional key is read, whole numbers serve as floats, and a bare verdict is an expectation."""
    study = load_study(write(tmp_path, FULL))
    assert study.claims == ("rl-leads-at-1", "rl-expands")
    assert study.tally_paths == (tmp_path / "a.csv", tmp_path / "b.parquet")
    assert study.example_paths == (tmp_path / "read.jsonl",)
    assert study.arms["rl"].model_dump(exclude_defaults=True) == {
        "role": "rl",
        "model": "org/rl",
        "base": "base",
        "algorithm": "GRPO",
        "step": 150,
        "kl": 0.0,
        "rollouts": 8,
        "temperature": 0.6,
        "top_p": 1.0,
        "max_tokens": 16384,
        "labels": {"cluster": "a100"},
    }
    assert (study.grid.k, study.k_large, study.grid.tau) == ((1, 2, 4), 128, (0.5, 1.0))
    assert study.margins.lead == 0.01
    assert study.expect["rl-leads-at-1"].verdict == "SUPPORTED"
    assert study.expect["rl-expands[AIME 24/rl]"].reason == "the base overtakes"
    waiver = study.waive["rl-leads-at-1[AIME 24/rl]"]
    assert (waiver.reason, waiver.owner, waiver.until) == ("grader, issue 7", "Ada", date(2027, 1, 31))


@pytest.mark.parametrize("text", [MINIMAL, FULL], ids=["minimal", "full"])
def test_a_dumped_study_is_a_study(tmp_path: Path, text: str) -> None:
    """What a report stores of a study can be read back."""
    study = load_study(write(tmp_path, text))
    assert Study.model_validate(study.model_dump()).model_dump() == study.model_dump()


def test_a_folder_stands_for_its_study_file(tmp_path: Path) -> None:
    """A folder loads the study.toml in it, and the study knows that file."""
    file = write(tmp_path, MINIMAL)
    assert load_study(tmp_path) == load_study(file)
    assert load_study(tmp_path).path == file


def test_a_byte_order_mark_and_windows_line_ends_change_nothing(tmp_path: Path) -> None:
    """A file saved by a Windows editor loads like any other."""
    plain = load_study(write(tmp_path, MINIMAL))
    assert load_study(write(tmp_path, b"\xef\xbb\xbf" + MINIMAL.replace("\n", "\r\n").encode())) == plain


def test_the_base_of_an_arm_is_named_or_the_only_one(tmp_path: Path) -> None:
    """An arm starts from the base that it names, else from the only one; a base arm is its own base."""
    assert load_study(write(tmp_path, MINIMAL)).base_of("rl") == "base"
    two = MINIMAL.replace('"org/rl"', '"org/rl"\nbase = "other"') + SECOND_BASE
    study = load_study(write(tmp_path, two))
    assert [study.base_of(name) for name in study.arms] == ["base", "other", "other"]


def test_a_study_is_frozen(tmp_path: Path) -> None:
    """A loaded study cannot be changed by a claim that reads it."""
    study = load_study(write(tmp_path, MINIMAL))
    with pytest.raises(ValueError, match="frozen"):
        study.alpha = 0.2  # type: ignore[misc]


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        (b"", ["study.toml: is empty", "give a study file in TOML"]),
        (b"\xef\xbb\xbf \n", ["study.toml: is empty"]),
        (b'id = "x"\ntitle = "\xff"\n', ["study.toml:2: found the byte 0xff", "save the file as UTF-8"]),
        (
            b'\xef\xbb\xbfid = "x"\ntitle = "\xfe"\n',
            ["study.toml:2: found the byte 0xfe", "save the file as UTF-8"],
        ),
        (b"a = 1\nb =\n", ["study.toml:2: ", "not TOML", "correct it there"]),
        (MINIMAL.encode() + b"[arms.rl]\n", ["study.toml:13: ", "('arms', 'rl')", "only once"]),
        (b"a = 1\na = 2", ["study.toml:2: ", "Cannot overwrite a value", "only once"]),
    ],
)
def test_a_file_that_is_no_toml_is_refused_with_its_line(
    tmp_path: Path, content: bytes, parts: list[str]
) -> None:
    """An empty, wrongly encoded or malformed file is refused with file, line and remedy."""
    message = refusal(write(tmp_path, content))
    assert [part for part in [str(tmp_path), *parts] if part not in message] == []


def test_a_path_without_a_study_is_refused(tmp_path: Path) -> None:
    """A missing file and a folder without study.toml are refused with the path that was looked for."""
    for path, file in ((tmp_path / "no.toml", "no.toml"), (tmp_path, "study.toml")):
        assert f"{tmp_path / file}: there is no such file; give a study file" in refusal(path)


def test_an_unreadable_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of the operating system reaches the user as a message about the file."""

    def deny(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    file = write(tmp_path, MINIMAL)
    monkeypatch.setattr(Path, "read_bytes", deny)
    assert f"{file}: cannot be read (Permission denied)" in refusal(file)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("step = -1", "[arms.rl] step: found -1; use a number greater than or equal to 0"),
        ("step = 1.5", "[arms.rl] step: found 1.5; use a whole number"),
        ("rollouts = 0", "[arms.rl] rollouts: found 0; use a number greater than or eq"),
        ('kl = "0.1"', '[arms.rl] kl: found "0.1"; use a number'),
        ("kl = inf", "[arms.rl] kl: found Infinity; use a finite number"),
        ("labels = { a = 1 }", "[arms.rl.labels] a: found 1; use text in quotes"),
        ("role_ = 1", '[arms.rl] role_: found an unknown key (did you mean "role"?); use'),
        ('base = "bsae"', '[arms.rl] base: found "bsae"; use an arm with role base: base'),
        ('base = "rl"', '[arms.rl] base: found "rl"; use an arm with role base: base'),
    ],
)
def test_a_mistake_in_an_arm_names_the_arm(tmp_path: Path, line: str, message: str) -> None:
    """A wrong value of an arm is refused with the arm's table, the key, the value and the remedy."""
    file = write(tmp_path, MINIMAL + line)
    assert f"{file}: {message}" in refusal(file)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('role = "rl"', 'role = "RLHF"', '[arms.rl] role: found "RLHF"; use one of base, rl, dis'),
        ('role = "rl"', 'role = "RL"', '[arms.rl] role: found "RL"; write "rl"; use one of base, rl, dis'),
        ('role = "base"', 'role = "Base "', '[arms.base] role: found "Base "; write "base"; use one of'),
        ('role = "rl"', "", "[arms.rl] role: missing; add what the arm is to the study"),
        ('role = "base"', 'role = "base"\nbase = "rl"', '[arms.base] base: found "rl" on an arm with role '),
        ('role = "base"', 'role = "teacher"', 'arms: found none with role = "base"; add the arm that'),
        ('model = "org/rl"', "", "[arms.rl] model: missing; add the model's name"),
        ("[arms.rl]", '[arms."r/l"]', '[arms] "r/l": found "r/l"; use a name without / [ ]'),
        ("[arms.rl]", '[arms." rl"]', '[arms] " rl": found " rl"; use a name without'),
        ("[arms.rl]", SECOND_BASE + "[arms.rl]", "[arms.rl] base: missing, and 2 arms have role base; add"),
        ("[tasks.MATH500]", "[tasks]", "tasks: found {}; add at least one"),
        ("[tasks.MATH500]", "", "tasks: missing; add a table [tasks.NAME] per task"),
        ("[tasks.MATH500]", "[task.MATH500]", 'task: found an unknown key (did you mean "tasks"?); use'),
        ('tallies = "counts.csv"', "", "[evidence] tallies: missing; add a .csv, .tsv or .parquet file"),
        ('tallies = "counts.csv"', "tallies = 3", "[evidence] tallies: found 3; use a list in [ ]"),
        ('tallies = "counts.csv"', "tallies = []", "[evidence] tallies: found []; use one or more entries"),
        ('tallies = "counts.csv"', 'tallies = ["a.csv", "a.csv"]', "each of them once"),
        ('tallies = "counts.csv"', 'tallies = ""', 'tallies[0]: found ""; use text that is not empty'),
        ('tallies = "counts.csv"', EXAMPLES.format("[]"), "[evidence] examples: found []; use one or more"),
        ('tallies = "counts.csv"', EXAMPLES.format('""'), 'examples[0]: found ""; use text that is not'),
        ('tallies = "counts.csv"', EXAMPLES.format("1"), "[evidence] examples: found 1; use a list in [ ]"),
        ('id = "pair"', "", "id: missing; add the study's name"),
        ('id = "pair"', 'id = "../pair"', 'id: found "../pair"; use letters, digits'),
        ('id = "pair"', 'id = "pair"\nalpha = 0.5', "alpha: found 0.5; use a number less than 0.5"),
        ('id = "pair"', 'id = "pair"\nalpha = 0', "alpha: found 0; use a number greater than 0"),
        ('id = "pair"', 'id = "pair"\nalpha = nan', "alpha: found NaN; use a "),
        ('id = "pair"', 'id = "pair"\nseed = true', "seed: found true; use a whole number"),
        ('id = "pair"', 'id = "pair"\npath = "x"', "path: found an unknown key"),
        ('id = "pair"', 'id = "pair"\nclaims = ["RL leads"]', 'claims[0]: found "RL leads"; use a claim id'),
        ('id = "pair"', 'id = "pair"\nclaims = ["a", "a"]', 'claims: found ["a", "a"]; use one or more'),
    ],
)
def test_a_mistake_names_file_key_and_remedy(tmp_path: Path, old: str, new: str, message: str) -> None:
    """Each mistake is one line: the file, the key, what was found, what to do."""
    assert MINIMAL.count(old) == 1
    file = write(tmp_path, MINIMAL.replace(old, new))
    assert any(line.startswith(f"{file}: ") and message in line for line in refusal(file).splitlines())


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("[margins]\nlead = 1", "[margins] lead: found 1; use a number less than 1"),
        ("[margins]\nlead = -0.1", "[margins] lead: found -0.1; use a number greater than or equal to 0"),
        ("[margins]\nsubsett = 0", '[margins] subsett: found an unknown key (did you mean "subset"?)'),
        ("[grid]\nk = [1, 1]", "[grid] k: found [1, 1]; use one or more values, each larger"),
        ("[grid]\nk = [0, 1]", "[grid] k[0]: found 0; use a number greater than or equal to 1"),
        ("[grid]\nk = []", "[grid] k: found []; use one or more values"),
        ("[grid]\nk_large = 0", "[grid] k_large: found 0; use a number greater than or equal to 1"),
        ("[grid]\ntau = [0.5, 0.25]", "[grid] tau: found [0.5, 0.25]; use one or more values, each larger"),
        ("[grid]\ntau = [1.5]", "[grid] tau[0]: found 1.5; use a number less than or equal to 1"),
        (
            '[expect]\nrl-expands = "refuted"',
            'verdict: found "refuted"; write "REFUTED"; use one of',
        ),
        ('[engine]\nengine = "VLLM"', 'engine: found {"engine": "VLLM"}; write "vllm"; use one of'),
        ("margins = 3", "margins: found 3; use a table"),
        ('[expect]\n"RL leads" = "SUPPORTED"', '[expect] "RL leads": is no claim; use claim-id or'),
        ('[expect]\n"a[MATH500]" = "SUPPORTED"', "use claim-id or claim-id[task/arm]"),
        ('[expect]\n"a[MATH50/rl]" = "SUPPORTED"', 'task "MATH50"; use one of MATH500 (did you mean'),
        ('[expect]\n"a[MATH500/r]" = "SUPPORTED"', 'found the arm "r"; use one of base, rl'),
        ('[expect]\na = "INVALID"', '[expect.a] verdict: found "INVALID"; use one of SUPPORTED, REFUTED'),
        ("[expect]\na = {}", "[expect.a] verdict: missing; add what the claim should come out as"),
    ],
)
def test_a_mistake_in_an_optional_table_is_refused(tmp_path: Path, table: str, message: str) -> None:
    """Margins, grid and expectations are checked like the rest."""
    text = f"{table}\n{MINIMAL}" if table.startswith("margins") else f"{MINIMAL}{table}\n"
    found = refusal(write(tmp_path, text))
    assert found.startswith(f"{tmp_path / 'study.toml'}: ")
    assert message in found


def test_all_mistakes_come_in_one_error(tmp_path: Path) -> None:
    """A user with three mistakes reads three lines at once, each with the file."""
    text = MINIMAL.replace('"rl"', '"RL"').replace("[evidence]", "alpha = 2\nnonsense = 1\n[evidence]")
    lines = refusal(write(tmp_path, text)).splitlines()
    assert [re.sub(r".*study\.toml: ", "", line).split(":")[0] for line in lines] == [
        "alpha",
        "[arms.rl] role",
        "nonsense",
    ]


def test_a_long_value_is_cut_in_the_message(tmp_path: Path) -> None:
    """A message stays readable when the value found is very long."""
    message = refusal(write(tmp_path, MINIMAL.replace('"pair"', f'"/{"x" * 5000}"')))
    assert len(message.removeprefix(str(tmp_path))) < 250


def test_the_published_fixture_loads() -> None:
    """The study that comes with the package is valid, and expects nothing but what the paper says."""
    study = load_study(Path(__file__).parents[1] / "fixtures" / "qwen2.5-7b-math500")
    assert study.base_of("simplerl-zoo") == "qwen2.5-7b"
    assert study.expect == {}
