"""Verdicts from Python: of a study or of counts in a table, shown, framed, drawn and written."""

import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from extreme_results import HOSTILE, MADE
from study_factory import BASE, RL, ROOT, judged, pair_study

from beyondbase import extras
from beyondbase.errors import InputError
from beyondbase.notebook.counts import arrow_table
from beyondbase.notebook.verdicts import HEADS, Verdicts, judge
from beyondbase.results.build import results_of
from beyondbase.results.schema import read_results
from beyondbase.study import load_study
from beyondbase.visible import clean

ROLES = {"base": "base", "grpo": "rl"}
COUNTS: dict[str, list[Any]] = {
    "task": ["MATH500"] * 120,
    "arm": ["base"] * 60 + ["grpo"] * 60,
    "problem_id": [*range(60)] * 2,
    "n": [32] * 120,
    "c": [i % 20 for i in range(60)] + [i % 20 + 8 for i in range(60)],
}


@pytest.fixture(scope="module")
def verdicts() -> Verdicts:
    """Verdicts of counts in which RL gains a quarter everywhere."""
    return judge(COUNTS, arms=ROLES)


class Shown(HTMLParser):
    """The elements of a piece of a page, and its cells."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, list[tuple[str, str | None]]]] = []
        self.cells: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.append((tag, attrs))
        if tag in {"td", "th"}:
            self.cells.append("")

    def handle_data(self, data: str) -> None:
        """Note the text of a cell."""
        if self.cells:
            self.cells[-1] += data


def outcomes(found: Verdicts) -> dict[str, str]:
    """Outcomes by the names of verdicts."""
    return {entry.id: str(entry.outcome) for entry in found}


def test_a_study_may_be_a_path_a_text_or_a_study(tmp_path: Path) -> None:
    """A study file, its folder, both as text, and a study that was read give the verdicts of the suite."""
    study = pair_study(tmp_path, (32, [0, 3, 9, 20]), (32, [4, 0, 9, 31]))
    wanted = {entry.id: str(entry.outcome) for entry in judged(study).judged}
    for given in (study, tmp_path, str(tmp_path), tmp_path / "study.toml", str(tmp_path / "study.toml")):
        assert outcomes(judge(given)) == wanted
    assert load_study(str(tmp_path)).path == tmp_path / "study.toml"


def test_counts_may_come_in_any_table(verdicts: Verdicts) -> None:
    """A dict of columns, an Arrow table and a frame of pandas, filtered or indexed, are judged alike."""
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(COUNTS)
    odd = pandas.concat([frame, frame.assign(task="U")])
    tables = [pa.table(COUNTS), frame, odd[odd.task == "MATH500"].iloc[::-1], frame.set_index("problem_id")]
    tables.append(frame.astype({"arm": "category", "problem_id": "string", "n": "Int64"}))
    for table in tables:
        assert outcomes(judge(table, arms=ROLES)) == outcomes(verdicts)


def test_counts_as_others_hand_them_over() -> None:
    """A table that gives itself over as a stream of Arrow, in its newest kind of text, is one of counts."""

    class Frame:
        def __arrow_c_stream__(self, requested_schema: object = None) -> object:
            views = pa.table(COUNTS | {"arm": pa.array(COUNTS["arm"], pa.string_view())})
            return views.__arrow_c_stream__(requested_schema)

    assert arrow_table(Frame()).schema.field("arm").type == pa.string()
    assert len(judge(Frame(), arms=ROLES)) > 0


def test_roles_stand_in_a_column_or_beside_the_counts(verdicts: Verdicts) -> None:
    """A role is a word, a table of the arm's settings or a column; a model is called like its arm."""
    column = [ROLES[arm] for arm in COUNTS["arm"]]
    for found in (
        judge(COUNTS | {"role": column}),
        judge(COUNTS, arms={"base": {"role": "base"}, "grpo": {"role": "rl", "model": "m"}}),
    ):
        assert outcomes(found) == outcomes(verdicts)
    assert verdicts.judgement.study.arms["grpo"].model == "grpo"
    assert found.judgement.study.arms["grpo"].model == "m"


def test_further_keys_are_those_of_a_study_file() -> None:
    """Title, margins, the grid and what is expected are said as in a study file."""
    found = judge(
        COUNTS,
        arms=ROLES,
        title='It\'s "so" \\ ü \x7f',
        tasks={"MATH500": {"benchmark": "MATH500"}},
        grid={"k_large": 16, "k": [1, 2, 16]},
        expect={"rl-leads-at-1": "REFUTED"},
        claims=ROOT / "claims",
    )
    study = found.judgement.study
    assert (study.title, study.grid.k) == ('It\'s "so" \\ ü \x7f', (1, 2, 16))
    assert not found["rl-leads-at-1"].as_expected


@pytest.mark.parametrize(
    ("table", "arms", "message"),
    [
        (
            COUNTS,
            None,
            r"^arms: missing, .*\(base, grpo\), such as arms={\"base\": \"base\", \"grpo\": \"rl\"}$",
        ),
        (COUNTS | {"role": ["base"] * 120}, ROLES, "^arms: found beside a column role"),
        (COUNTS | {"role": ["base", "rl"] * 60}, None, '^counts: role: found "base" and "rl" of arm "base"'),
        (COUNTS | {"c": [33] * 120}, ROLES, "^counts: row 1: c: found 33, which is more than n = 32"),
        (COUNTS | {"c": [0.5] * 120}, ROLES, "^counts: c: found a column of type double"),
        ({"arm": ["base"]}, ROLES, "^counts: missing the columns task, problem_id, n, c"),
        (COUNTS, {"base": "base", "grpo": "teached"}, r'^study: \[arms.grpo\] role: found "teached"'),
        (COUNTS, {"base": "base"}, "grpo"),
        (7, ROLES, "^counts: found int .*; give a pandas or polars frame"),
        ({"task": 1}, ROLES, "^counts: found dict"),
    ],
)
def test_mistakes_in_counts_are_told(table: Any, arms: Any, message: str) -> None:
    """What is wrong with a table or its arms is one sentence that names no file of ours."""
    with pytest.raises(InputError, match=message) as caught:
        judge(table, arms=arms)
    assert "parquet" not in str(caught.value)
    assert ".toml" not in str(caught.value)


def test_other_mistakes_are_told(tmp_path: Path) -> None:
    """Keys beside a study file, evidence beside counts, odd values and folders without claims are refused."""
    with pytest.raises(
        InputError, match=r"^found title, arms beside a study; write them into the study file"
    ):
        judge("study.toml", arms=ROLES, title="t")
    with pytest.raises(InputError, match=r"^evidence: found "):
        judge(COUNTS, arms=ROLES, evidence={"tallies": "a.csv"})
    with pytest.raises(InputError, match=r"^margins.lead: found <object"):
        judge(COUNTS, arms=ROLES, margins={"lead": object()})
    with pytest.raises(InputError, match=r'gird: found an unknown key \(did you mean "grid"\?\)'):
        judge(COUNTS, arms=ROLES, gird={})
    with pytest.raises(InputError, match="found no module test_"):
        judge(COUNTS, arms=ROLES, claims=[tmp_path])
    with pytest.raises(InputError, match="nope"):
        judge("nope.toml")


def test_own_claims_come_in_addition(tmp_path: Path, verdicts: Verdicts) -> None:
    """Claims of a folder of one's own are judged beside those of the suite."""
    text = """
from beyondbase.judging.claim import claim
from beyondbase.judging.measure import greater
from beyondbase.judging.selection import pairs
@claim("mine", finding="f", paper="p", hypothesis="h", over=pairs("rl"))
def test_mine(pair):
    return greater(pair.difference(1), -0.5, "mine")
"""
    (tmp_path / "test_mine.py").write_text(text)
    found = judge(COUNTS, arms=ROLES, claims=str(tmp_path))
    assert {*outcomes(found)} == {*outcomes(verdicts), "mine[MATH500/grpo]"}


def test_a_verdict_has_a_name(verdicts: Verdicts) -> None:
    """A verdict is found by its name, and by its claim where that has one verdict."""
    assert verdicts["rl-leads-at-1"] is verdicts["rl-leads-at-1[MATH500/grpo]"]
    with pytest.raises(InputError, match=r'found "rl-leads", which names 0 verdicts; .*did you mean'):
        _ = verdicts["rl-leads"]
    columns = {key: [*column, *column[60:]] for key, column in COUNTS.items()}
    several = judge(columns | {"arm": ["base"] * 60 + ["a"] * 60 + ["b"] * 60}, arms=ROLES_OF_THREE)
    with pytest.raises(
        InputError, match=r"names 2 verdicts; use one of rl-leads-at-1\[MATH500/a\], rl-leads"
    ):
        _ = several["rl-leads-at-1"]


ROLES_OF_THREE = {"base": "base", "a": "rl", "b": "rl"}


def test_results_are_those_of_a_run(tmp_path: Path) -> None:
    """What is judged from Python has the very results that a run of pytest writes."""
    study = pair_study(tmp_path, (32, [0, 3, 9, 20]), (32, [4, 0, 9, 31]))
    assert judge(study).results == results_of([judged(study)])


def test_text_is_the_table_of_the_terminal(verdicts: Verdicts) -> None:
    """Where there is no notebook, the verdicts are lines; a study without any says what claims need."""
    lines = repr(verdicts).splitlines()
    assert lines[0].startswith("claim ")
    assert len(lines) == len(verdicts) + 1
    bare = judge({key: column[:60] for key, column in COUNTS.items()}, arms={"base": "base"})
    assert "not applicable to counts: rl-leads-at-1 (needs a base arm" in repr(bare)
    assert "no claim finds what it needs" in bare._repr_html_()


def test_notebooks_show_a_table(verdicts: Verdicts) -> None:
    """A notebook shows one row per verdict, without scripts, colours or anything to fetch."""
    shown = Shown(verdicts._repr_html_())
    rows = [shown.cells[at : at + len(HEADS)] for at in range(0, len(shown.cells), len(HEADS))]
    assert rows[0] == [*HEADS]
    assert [row[0] for row in rows[1:]] == [entry.claim.id for entry in verdicts]
    assert re.fullmatch(r"✓ SUPPORTED", rows[1][3])
    assert re.fullmatch(r"RL - base pass@1: \+25\.0 points \[\+.*, \+.*\]", rows[1][4])
    kinds = {(tag, *attribute) for tag, attributes in shown.elements for attribute in attributes}
    assert kinds == {
        ("table", "class", "tex2jax_ignore"),
        *((tag, "style", "text-align:left") for tag in ("th", "td")),
    }


def test_notebooks_show_names_as_text(tmp_path: Path) -> None:
    """Names that would be markup are text, letter by letter, and make no element."""
    found = judge(MADE["hostile"](tmp_path))
    shown = Shown(found._repr_html_())
    assert {tag for tag, _ in shown.elements} == {"table", "caption", "thead", "tbody", "tr", "th", "td"}
    assert clean(f"{HOSTILE} 2") in shown.cells


def test_reasons_stand_beside_their_verdicts(tmp_path: Path) -> None:
    """An INVALID verdict says why, an INCONCLUSIVE one what would settle it."""
    unfit = judge(MADE["other_problems"](tmp_path / "a"))
    assert "problem ids differ" in unfit._repr_html_()
    open_ = judge(MADE["nothing_solved"](tmp_path / "b"))
    assert open_["rl-solved-is-subset"].remedy in Shown(open_._repr_html_()).cells


def test_a_frame_has_a_row_for_each_verdict(verdicts: Verdicts, tmp_path: Path) -> None:
    """The frame holds names, outcomes and numbers, and nothing where an INVALID verdict has none."""
    pandas = pytest.importorskip("pandas")
    frame = verdicts.to_frame()
    assert [*frame.id] == [entry.id for entry in verdicts]
    first = frame.iloc[0]
    assert (first.claim, first.task, first.arm, first.verdict) == (
        "rl-leads-at-1",
        "MATH500",
        "grpo",
        "SUPPORTED",
    )
    assert first.estimate == pytest.approx(0.25)
    assert first.lower < first.estimate < first.upper
    unfit = judge(MADE["other_problems"](tmp_path)).to_frame()
    assert pandas.isna(unfit.p_adjusted).all()
    assert pandas.isna(unfit.estimate).all()


def test_curves_are_drawn(verdicts: Verdicts) -> None:
    """A figure has a panel for each pair, with the curves and the names of the results."""
    pyplot = pytest.importorskip("matplotlib.pyplot")
    figure = verdicts.plot()
    (panel,) = figure.axes
    curve = verdicts.results["studies"][0]["pairs"][0]["curve"]
    drawn = {line.get_label(): [*line.get_ydata()] for line in panel.lines}
    assert drawn == {"base (base)": curve["base"]["estimate"], "grpo (rl)": curve["other"]["estimate"]}
    assert panel.get_title() == "grpo on MATH500"
    assert pyplot.get_fignums() == []
    assert len(verdicts.plot("MATH500/grpo").axes) == 1
    with pytest.raises(InputError, match=r'^pairs: found "grpo"; use one of MATH500/grpo'):
        verdicts.plot("grpo")


def test_odd_pairs_are_drawn_too(tmp_path: Path) -> None:
    """Names between dollar signs are text; a study without a pair to judge says so."""
    pytest.importorskip("matplotlib")
    arms = {"base": BASE, "$x$": RL, "$\\frac{$": RL}
    table = COUNTS | {"arm": ["base"] * 60 + ["$x$"] * 60}
    judge(table, arms={name: arms[name] for name in ("base", "$x$")}).plot().savefig(tmp_path / "a.png")
    with pytest.raises(InputError, match=r"^pairs: the study has none that can be judged"):
        judge(MADE["other_problems"](tmp_path)).plot()


@pytest.mark.parametrize(("method", "library"), [("to_frame", "pandas"), ("plot", "matplotlib")])
def test_missing_libraries_are_named(
    verdicts: Verdicts, monkeypatch: pytest.MonkeyPatch, method: str, library: str
) -> None:
    """Without pandas or matplotlib there is one sentence that says what to install."""

    def absent(module: str) -> None:
        raise ModuleNotFoundError(name=module.partition(".")[0])

    monkeypatch.setattr(extras, "import_module", absent)
    with pytest.raises(InputError, match=rf"^{library} is not installed, .*'beyondbase\[notebook\]'"):
        getattr(verdicts, method)()


def test_reports_are_written_and_kept(verdicts: Verdicts, tmp_path: Path) -> None:
    """Results, page and summary are written, again too, but not over what is not the study's."""
    for _ in range(2):
        paths = verdicts.write(tmp_path / "new")
        assert [path.name for path in paths] == ["results.json", "index.html", "summary.md"]
    assert read_results(paths[0]) == verdicts.results
    other = json.loads(paths[0].read_text())
    other["studies"][0]["id"] = "other"
    for text, found in ((json.dumps(other), "the results of other"), ("{}", "something else")):
        paths[0].write_text(text)
        with pytest.raises(InputError, match=f"{found}, and not of counts; choose another folder"):
            verdicts.write(tmp_path / "new")
        assert paths[0].read_text() == text
    with pytest.raises(InputError, match="cannot be written"):
        verdicts.write(paths[1])


def test_no_pytest_needs_to_run(tmp_path: Path) -> None:
    """Claims are judged in an ordinary Python, from any folder."""
    pair_study(tmp_path, (32, [0, 3, 9, 20]), (32, [4, 0, 9, 31]))
    code = "from beyondbase.notebook.verdicts import judge; print(len(judge('study.toml')))"
    command = [sys.executable, "-c", code]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)  # noqa: S603
    assert run.returncode == 0, run.stderr
    assert int(run.stdout) == len(judge(tmp_path))
