"""The HTML page: it shows what it is given, all of it as text, and needs nothing but itself."""

import base64
import hashlib
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from markupsafe import Markup
from sample_results import ARMS, effect, invalid_pair, part, real_pair, sample_pair, sample_results, verdict
from study_factory import judged, pair_study

from beyondbase.errors import InputError
from beyondbase.report import render_page, write_page
from beyondbase.report.provenance import CALIBRATION
from beyondbase.report.terminal import counted
from beyondbase.report.wording import headline
from beyondbase.results.build import results_of
from beyondbase.results.numbers import effect as effect_words
from beyondbase.results.numbers import estimate, p_value, percent, points, setting
from beyondbase.results.schema import check_results

HOSTILE = {
    "script": "</script><script>alert(1)</script></style></title>",
    "attribute": "\"><img src=x onerror=alert(1)> ' onmouseover=alert(1) {{ 7 * 7 }} {% raw %}",
    "right to left": "\u202e\u2067abc \u05e9\u05dc\u05d5\u05dd \u200f",
    "emoji": "\N{PILE OF POO}\N{ZERO WIDTH JOINER}\N{COMBINING ACUTE ACCENT}",
    "control": "a\x00b\x07\x1b[31m\r\x85\ud800c",
    "long": "x" * 20_000,
}
SCHEMES = {"light": 0, "dark": 1}
VOID = {"meta", "br", "link", "img", "input"}


class Page(HTMLParser):
    """What a parser finds in a page: its elements, their attributes, its texts and table rows."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.rows: list[list[str]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.scripts: list[str] = []
        self.feed(html)
        self.close()
        self.rows = [[" ".join(cell.split()) for cell in row] for row in self.rows]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag in {"p", "li", "dt", "dd", "td", "th"}:
            self.texts.append(" ")
        if tag == "tr":
            self.rows.append([])
        if tag in {"th", "td"}:
            self.rows[-1].append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element without content."""
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """Insist that elements close in the order they opened."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Note a text, and the table cell it stands in."""
        if "script" in self.open:
            self.scripts.append(data)
        if {"script", "style"} & set(self.open):
            return
        self.texts.append(data)
        if "td" in self.open or "th" in self.open:
            self.rows[-1][-1] = f"{self.rows[-1][-1]}{data}"

    @property
    def text(self) -> str:
        """All text, with single spaces."""
        return " ".join("".join(self.texts).split())

    @property
    def skeleton(self) -> list[tuple[str, list[str]]]:
        """Elements with the names of their attributes."""
        return [(tag, sorted(attrs)) for tag, attrs in self.elements]

    @property
    def charts(self) -> dict[str, Any]:
        """What the charts of the page draw, by title; None for those that draw a table of the page."""
        found = [attrs for tag, attrs in self.elements if tag == "figure"]
        blocks = iter(json.loads(text) for text in self.scripts if '"series"' in text or '"rows"' in text)
        return {attrs["data-title"] or "": None if "data-from" in attrs else next(blocks) for attrs in found}

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """Attributes of every element with this tag."""
        return [attrs for name, attrs in self.elements if name == tag]


def with_texts(value: Any, text: str) -> Any:
    """Return the results with every string, and every key a user chooses, replaced."""
    if isinstance(value, str):
        return text
    if isinstance(value, list):
        return [with_texts(item, text) for item in value]
    if isinstance(value, dict):
        free = {"labels", "versions", "margins"}
        return {
            key: {text: with_texts(next(iter(item.values()), text), text)}
            if key in free
            else with_texts(item, text)
            for key, item in value.items()
        }
    return value


def page_of(**changes: Any) -> Page:
    """Return the sample's page with some fields of its study changed."""
    results = sample_results()
    results["studies"][0] |= changes
    return Page(render_page(results))


def badges(page: Page) -> dict[str, str]:
    """The class of the verdict links in the matrix, which gives them sign and colour, by verdict."""
    cells = [attrs for attrs in page.all("td") if "data-outcome" in attrs]
    links = [attrs for attrs in page.all("a") if "badge" in (attrs.get("class") or "")]
    return {cell["data-outcome"] or "": link["class"] or "" for cell, link in zip(cells, links, strict=True)}


def cards(page: Page) -> list[bool]:
    """Which cards of verdicts stand open."""
    return ["open" in attrs for attrs in page.all("details") if attrs.get("class") == "card verdict"]


def test_the_sample_is_what_the_suite_could_write() -> None:
    """The results that these tests show follow the schema."""
    check_results(sample_results(), "sample")


def test_calibration_is_quoted_as_published() -> None:
    """The page's sentence on calibration has the figures of the summary in docs/calibration.md."""
    text = (Path(__file__).parents[1] / "docs" / "calibration.md").read_text(encoding="utf-8")
    table = {cells[1].strip(): cells[2:6] for row in text.splitlines() if len(cells := row.split("|")) == 7}
    bands = [cell.strip() for cell in table["coverage of the difference's band >= 0.94"]]
    assert (
        f"covered {100 * float(bands[2]):.1f} % of the time or more in {bands[1]} of {bands[0]}"
        in CALIBRATION
    )
    for words, row in (
        ("false SUPPORTED came to at most {:.1f} %", "false SUPPORTED <= 0.05"),
        ("false REFUTED to at most {:.1f} %", "false REFUTED <= 0.05"),
        ("and to {:.1f} % for a whole family", "family-wise error <= 0.05"),
    ):
        assert words.format(100 * float(table[row][3])) in CALIBRATION
    assert "--replicates 400 " in text


@pytest.fixture(scope="module")
def sample_html() -> str:
    """The sample's page as text."""
    return render_page(sample_results())


@pytest.fixture(scope="module")
def sample(sample_html: str) -> Page:
    """The sample's page, parsed."""
    return Page(sample_html)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_makes_no_element_or_attribute(text: str) -> None:
    """A page of hostile texts has exactly the elements and attributes of a page of harmless ones."""
    hostile = Page(render_page(with_texts(sample_results(), text)))
    harmless = Page(render_page(with_texts(sample_results(), "harmless")))
    assert hostile.skeleton == harmless.skeleton
    assert all((attrs["href"] or "").startswith("#") for attrs in hostile.all("a"))


@pytest.mark.parametrize("kind", ["script", "attribute", "emoji", "long"])
def test_hostile_text_is_shown_letter_by_letter(kind: str) -> None:
    """A text that is dangerous but visible reaches the reader unchanged."""
    page = page_of(title=HOSTILE[kind])
    assert page.texts.count(HOSTILE[kind]) == 1
    assert any(text.startswith(HOSTILE[kind]) and text.endswith("beyondbase") for text in page.texts)


def test_characters_that_hide_or_turn_text_are_made_visible() -> None:
    """Control characters, lone surrogates and direction overrides appear as visible stand-ins."""
    html = render_page(with_texts(sample_results(), "a\x00b\x1b\u202ec\ud800\x85"))
    assert "a\u2400b\u241b[U+202E]c\ufffd\ufffd" in html
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", html)


def test_text_that_calls_itself_safe_is_escaped() -> None:
    """A markup object among the results is escaped like any other text."""
    assert "<b>bold</b>" in page_of(title=Markup("<b>bold</b>")).text


def test_page_loads_nothing(sample: Page, sample_html: str) -> None:
    """The page has no frame and no address to load, and its policy lets its own scripts run and no other."""
    used = {tag for tag, _ in sample.elements}
    assert not used & {"link", "img", "iframe", "object", "embed", "base", "image", "use"}
    assert not any(
        {"src", "srcset", "style", "action", "xlink:href"} & attrs.keys() for _, attrs in sample.elements
    )
    assert not any(name.startswith("on") for _, attrs in sample.elements for name in attrs)
    assert all((attrs["href"] or "").startswith("#") for _, attrs in sample.elements if "href" in attrs)
    policy = next(meta["content"] or "" for meta in sample.all("meta") if "http-equiv" in meta)
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    run = re.findall(r"<script>(.*?)</script>", sample_html, flags=re.DOTALL)
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in run]
    assert rules["script-src"] == " ".join(f"'sha256-{digest}'" for digest in hashes)
    assert len(run) == 6


def test_ids_are_unique_and_every_link_arrives(sample: Page) -> None:
    """Each id stands once, and each link and label names an id that exists."""
    ids = [attrs["id"] for _, attrs in sample.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    named = [(attrs["href"] or "")[1:].split("/")[0] for attrs in sample.all("a")]
    named += [attrs["data-from"] or "" for _, attrs in sample.elements if "data-from" in attrs]
    named += [attrs["data-verdict"] or "" for attrs in sample.all("td") if "data-verdict" in attrs]
    assert named
    assert set(named) <= set(ids)


def test_headings_descend_one_level_at_a_time(sample: Page) -> None:
    """The page has one first heading and never skips a level on the way down."""
    levels = [int(tag[1]) for tag, _ in sample.elements if re.fullmatch("h[1-6]", tag)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_each_chart_says_in_words_what_it_shows(sample: Page) -> None:
    """Every chart of a pair is there, with a text for those who cannot see it."""
    assert [name for name in sample.charts if name != "Effects with their intervals"] == [
        "pass@k of both arms",
        "Difference of pass@k",
        "Problems solved at least once in 128 completions",
        "Problems that one arm alone solves",
        "Every problem: right completions of both arms",
        "Problems by accuracy",
        "Cover@tau of both arms",
    ]
    texts = [attrs["data-alt"] or "" for attrs in sample.all("div") if attrs.get("class") == "canvas"]
    assert len(texts) == len(sample.all("figure"))
    assert all(len(text) > 40 for text in texts)
    assert any(
        "From k = 15 on the base is ahead by the estimates, interval 12 to 40." in text for text in texts
    )


def test_pass_at_k_table_shows_the_curve(sample: Page) -> None:
    """The table at table_k holds the estimates and bands of both arms and of their difference."""
    pair = real_pair()
    for k in pair["table_k"]:
        at = {
            arm: {name: pair["curve"][arm][name][k - 1] for name in pair["curve"][arm]}
            for arm in pair["curve"]
            if arm != "k"
        }
        shown = [
            f"{100 * v['estimate']:.1f}% [{100 * v['lower']:.1f}, {100 * v['upper']:.1f}]"
            for v in (at["base"], at["other"])
        ]
        gap = at["difference"]
        points_shown = f"{100 * gap['estimate']:+.1f} [{100 * gap['lower']:+.1f}, {100 * gap['upper']:+.1f}]"
        assert [str(k), *shown, points_shown.replace("-", "\N{MINUS SIGN}")] in sample.rows


def test_known_pass_at_k_of_the_replication_is_shown(sample: Page) -> None:
    """The sample's first and last rows hold the replication's 61.4 -> 77.9 and 96.2 -> 93.0 percent."""
    cells = {
        row[0]: row[1:3] for row in sample.rows if len(row) == 4 and row[0] in {"1", "128"} and "[" in row[1]
    }
    assert [cell.split()[0] for cell in cells["128"]] == ["96.2%", "93.0%"]
    first = [row for row in sample.rows if row[0] == "1" and "61.4%" in row[1]]
    assert first[0][2].startswith("77.9%")


def test_charts_carry_the_numbers_of_the_results(sample: Page) -> None:
    """A curve's chart holds every point of both arms with their bands, and the crossover."""
    pair = real_pair()
    drawn = sample.charts["pass@k of both arms"]
    for series, arm, name in zip(drawn["series"], ("base", "other"), ARMS, strict=True):
        assert series["name"] == name
        assert series["x"] == pair["curve"]["k"]
        assert {side: series[side] for side in ("estimate", "lower", "upper")} == pair["curve"][arm]
    assert drawn["crossing"] == pair["crossover"]


def test_solved_picture_shows_counts_and_test(sample: Page) -> None:
    """The picture and its legend hold the replication's 462, 19, 3 and 16, with the exact McNemar p."""
    drawn = sample.charts["Problems solved at least once in 128 completions"]["rows"]
    assert drawn["problems"] == [462, 19, 3, 16]
    assert f"both: 462 only {ARMS[0]}: 19 only {ARMS[1]}: 3 neither: 16" in sample.text
    assert f"Exact McNemar test of 19 (only {ARMS[0]}) against 3 (only {ARMS[1]}): p = .0009." in sample.text
    assert "up to 2.3% per completion" in sample.text


def test_problems_of_one_arm_only_are_listed_with_counts_and_test(sample: Page) -> None:
    """Each problem that one arm alone solves is listed with c of n of both arms and Fisher's p."""
    solved = real_pair()["solved"]
    listed = [*solved["base_only_problems"], *solved["other_only_problems"]]
    assert len(listed) == 22
    for row in listed:
        cells = [row["id"], f"{row['base_c']}/128", f"{row['other_c']}/128", p_value(row["fisher_p"])]
        assert cells in sample.rows


def test_histogram_numbers_are_shown(sample: Page) -> None:
    """The numbers of both histograms stand in a table."""
    bars = real_pair()["histogram"]
    assert sum(bars["base"]) == sum(bars["other"]) == 500
    for name, base, other in zip(bars["bins"], bars["base"], bars["other"], strict=True):
        assert [name, str(base), str(other)] in sample.rows


def test_provenance_is_shown(sample: Page) -> None:
    """Models, revisions, settings, inputs with hashes, margins, seed and versions are on the page."""
    study = sample_results()["studies"][0]
    wanted = [text for arm in study["arms"] for text in (arm["id"], arm["model"], arm["revision"])]
    wanted += [
        study["inputs"][0]["sha256"],
        "GRPO",
        "16384",
        "lead 0.0, equal 0.02",
        "10000, seed 0",
        "alpha 0.05",
    ]
    wanted += [
        "the 2 verdicts of its claim, at 0.025 itself until others are decided",
        "numpy 2.4.6",
        "16 seeds of 8",
        "needs a base arm and a distilled arm on one task",
    ]
    assert [text for text in wanted if text not in sample.text] == []


def test_headline_of_the_sample() -> None:
    """The sample's sentence names the lead at 1, the crossover and the lead at 128, with intervals."""
    assert headline(real_pair()) == (
        "RL leads at k = 1 by 16.5 points [14.1, 19.0], and the base overtakes at k = 15 [12, 40]; "
        "the base leads at k = 128 by 3.2 points [0.9, 5.5]"
    )


@pytest.mark.parametrize(
    ("crossover", "sentence"),
    [
        ({"k": None, "lower": None, "upper": None}, "by 16.5 points [14.1, 19.0]; the base leads at k = 128"),
        ({"k": 15, "lower": 12, "upper": 40}, ", and the base overtakes at k = 15 [12, 40]; the base leads"),
        (
            {"k": 15, "lower": 12, "upper": None},
            "cross at k = 15 [12, beyond 128], which the band leaves open",
        ),
        ({"k": 15, "lower": None, "upper": None}, "the estimated curves cross at k = 15, which the band"),
        ({"k": 1, "lower": 1, "upper": 2}, "by 16.5 points [14.1, 19.0]; the base leads at k = 128"),
    ],
)
def test_headline_says_what_is_known_of_the_crossover(crossover: dict[str, Any], sentence: str) -> None:
    """A crossing is told as a fact only where the band has both sides of it, also on a page that renders."""
    pair = real_pair() | {"crossover": crossover}
    assert sentence in headline(pair)
    assert sentence in page_of(pairs=[pair]).text


def test_headline_does_not_contradict_itself_on_the_crossing() -> None:
    """Where the band holds zero at the last k, no clause before that one says that the base overtakes."""
    pair = real_pair() | {"crossover": {"k": 15, "lower": 8, "upper": 35}}
    pair["curve"]["difference"]["upper"][-1] = 0.001
    said = headline(pair)
    assert "the estimated curves cross at k = 15 [8, 35], which the band leaves open" in said
    assert "at k = 128 neither arm is clearly ahead" in said


def test_headline_claims_no_lead_inside_the_band() -> None:
    """When the band holds zero the sentence names no leader."""
    assert headline(sample_pair([2, 1, 0], [2, 1, 0], 2)).startswith("at k = 1 neither arm is clearly ahead")


def test_headline_of_a_base_that_leads_first_speaks_of_no_overtaking() -> None:
    """Where the base leads at k = 1 and loses at large k, no sentence says that it overtakes."""
    pair = sample_pair([4, 4, 4, 4, 4, 0, 0, 0] * 40, [1] * 320, 4)
    assert headline(pair | {"crossover": {"k": 1, "lower": 1, "upper": 1}}).startswith(
        "the base leads at k = 1"
    )
    assert "overtake" not in headline(pair | {"crossover": {"k": 1, "lower": 1, "upper": 1}})
    assert "; RL leads at k = 4" in headline(pair | {"crossover": {"k": 1, "lower": 1, "upper": 1}})


def test_headline_of_one_completion_has_one_clause() -> None:
    """With k = 1 alone there is no crossing to speak of."""
    assert headline(sample_pair([1, 0, 0], [0, 1, 0], 1)).startswith("at k = 1 neither arm is clearly ahead")
    assert ";" not in headline(sample_pair([1, 0, 0], [0, 1, 0], 1))


def test_a_crossing_inside_the_band_is_no_fact() -> None:
    """Where the band has no side of a crossing for certain, the sentence says that it leaves it open."""
    pair = sample_pair([2, 1, 0], [2, 1, 0], 2) | {"crossover": {"k": 2, "lower": 1, "upper": None}}
    assert "curves cross at k = 2 [1, beyond 2], which the band leaves open" in headline(pair)


def stepped(arms: dict[str, tuple[str, int]]) -> dict[str, Any]:
    """Charts of a study whose arms have an algorithm and a step."""
    study = sample_results()["studies"][0]
    made = [
        study["arms"][1] | {"id": name, "algorithm": kind, "step": step}
        for name, (kind, step) in arms.items()
    ]
    pairs = [real_pair() | {"id": f"MATH500/{name}", "other": name} for name in arms]
    return page_of(arms=[study["arms"][0], *made], pairs=pairs).charts


def test_training_steps_are_lines_of_one_run_each() -> None:
    """Checkpoints of two algorithms make two charts, each with its own steps in order."""
    charts = stepped({"p2": ("PPO", 200), "p1": ("PPO", 100), "g1": ("GRPO", 100), "g3": ("GRPO", 300)})
    steps = {name: chart["dots"] for name, chart in charts.items() if name.startswith("Training")}
    assert steps == {
        "Training steps up to p2 on MATH500": [100, 200],
        "Training steps up to g3 on MATH500": [100, 300],
    }
    assert [one["name"] for one in charts["Training steps up to p2 on MATH500"]["series"]] == [
        "pass@1",
        "pass@128",
    ]


def test_runs_of_one_step_are_no_line() -> None:
    """Arms at one step each, or that differ in more than the step, have no chart of steps."""
    assert not any(name.startswith("Training") for name in stepped({"a": ("PPO", 1), "b": ("GRPO", 2)}))


def test_the_chart_of_all_arms_holds_six_and_says_so() -> None:
    """More arms than styles are not drawn alike: the first six are, and the caption counts the rest."""
    names = {f"a{index}": ("PPO", 1) for index in range(8)}
    chart = stepped(names)["pass@k of all arms on MATH500"]
    assert [one["name"] for one in chart["series"]] == [ARMS[0], *list(names)[:6]]
    styles = [one["style"] for one in chart["series"]]
    assert len(set(styles)) == len(styles)


def test_addresses_do_not_hang_on_other_arms() -> None:
    """An arm whose name has no plain letter keeps its address when another such arm stands before it."""
    found = []
    for others in (["模型乙"], ["模型甲", "模型乙"]):
        pairs = [real_pair() | {"id": f"MATH500/{name}", "other": name} for name in others]
        study = sample_results()["studies"][0]
        arms = [study["arms"][0], *(study["arms"][1] | {"id": name} for name in others)]
        page = page_of(pairs=pairs, verdicts=[], arms=arms)
        found.append([attrs["id"] for attrs in page.all("details") if attrs.get("class") == "pair"])
    assert found[0][0] == found[1][1]
    assert len(set(found[1])) == 2


def test_a_study_that_is_gone_is_named() -> None:
    """A study of the earlier run alone is told on the page."""
    gone = {"status": "removed", "notes": [], "verdicts": {}, "pairs": {}}
    page = Page(render_page(sample_results(), comparison={"studies": {"old-one": gone}}))
    assert "study old-one is only in the earlier run" in page.text


def test_unequal_numbers_of_completions_are_told() -> None:
    """Expected counts are named as such, and no test of them is invented."""
    pair = real_pair() | {"n_max": 512}
    pair["solved"] = pair["solved"] | {"mcnemar_p": None, "both": 461.53}
    page = page_of(pairs=[pair])
    assert "counts to expect of 128 drawn from each" in page.text
    assert "both: 461.5" in page.text
    assert "Exact McNemar test of" not in page.text


def test_invalid_pair_shows_its_reasons_and_no_chart() -> None:
    """A pair whose evidence is unfit shows why, and draws nothing."""
    page = page_of(pairs=[invalid_pair("the prompts differ")])
    assert "This pair cannot be judged: the prompts differ" in page.text
    assert list(page.charts) == ["Effects with their intervals"]


def test_invalid_verdict_shows_its_reasons() -> None:
    """An INVALID verdict has its sign, its word and every reason, and no invented p-value."""
    page = page_of(verdicts=[verdict("a", "INVALID", invalid=["too few", "too short"])])
    assert badges(page) == {"INVALID": "badge invalid"}
    assert "The evidence is unfit, so nothing was decided. too few too short" in page.text
    assert "for the claim p" not in page.text


def test_inconclusive_verdict_shows_its_remedy() -> None:
    """An INCONCLUSIVE verdict says what would settle it."""
    page = page_of(verdicts=[verdict("a", "INCONCLUSIVE", remedy="140 more problems")])
    assert badges(page) == {"INCONCLUSIVE": "badge inconclusive"}
    assert "What would settle it: 140 more problems" in page.text


@pytest.mark.parametrize("text", ["Holds unless more than 1 wrong answer in 4,100 is.", HOSTILE["script"]])
def test_what_a_verdict_bears_is_told_with_its_details(text: str) -> None:
    """A claim on large k tells how many wrong answers may be accepted, and names problems of the user."""
    fall = {"answers": 3, "problems": 3, "arms": ["simplerl-zoo"], "share": 0.0001}
    tipping = {"clause": text, "anywhere": 1 / 4100, "alike": 0.01, "fall": fall, "sole": None}
    page = page_of(verdicts=[verdict("base-overtakes", tipping=tipping), verdict("rl-leads-at-1")])
    assert page.texts.count(text) == 1
    assert page.text.count("Wrong answers accepted") == 1


def test_expected_refutation_counts_as_expected() -> None:
    """A refutation that was expected is told as such with its reason, folded, and raises no alarm."""
    page = page_of(
        verdicts=[verdict("a", "REFUTED", expected="REFUTED", as_expected=True, expected_reason="known slip")]
    )
    assert "REFUTED, because: known slip" in page.text
    assert "refuted as expected" in page.text
    assert "not as expected" not in page.text
    assert cards(page) == [False]


def test_unexpected_verdict_is_counted_and_unfolded() -> None:
    """A verdict against expectation is counted at the top, and its evidence stands open."""
    page = page_of(verdicts=[verdict(), verdict("b", "REFUTED")])
    assert "1 not as expected" in page.text
    assert cards(page) == [False, True]


def test_waived_verdict_is_told_from_a_missed_one() -> None:
    """A waiver is shown with its day, owner and reason, and the verdict is not counted as missed."""
    waiver = {"reason": "old tokenizer", "owner": "the eval team", "until": "2031-01-31"}
    page = page_of(verdicts=[verdict("b", "REFUTED", waiver=waiver)])
    assert "1 waived" in page.text
    assert "waived until 2031-01-31" in page.text
    assert "until 2031-01-31, by the eval team: old tokenizer" in page.text
    assert "not as expected" not in page.text
    assert cards(page) == [False]


def test_groups_of_arms_that_begin_alike_have_cells_of_their_own() -> None:
    """Two verdicts of one claim on four arms each, three of them shared, both stand in the matrix."""
    arms = [["base", "a", "b", "c", last] for last in ("d", "e")]
    page = page_of(
        verdicts=[verdict("x", id=f"x[T/{a[-1]}]", case=f"T/{a[-1]}", arms=a) for a in arms], pairs=[]
    )
    assert len([attrs for attrs in page.all("td") if "data-outcome" in attrs]) == 2


@pytest.mark.parametrize(
    ("outcome", "p_support", "p_refute", "decided"),
    [
        pytest.param("SUPPORTED", 0.01, 1.0, "second", id="all hold: the least sure"),
        pytest.param("SUPPORTED", 2e-9, 1.0, "first", id="any holds: the surest of two"),
        pytest.param("REFUTED", 1.0, 0.002, "first", id="one is false: the surest of two"),
        pytest.param("REFUTED", 1.0, 0.0021, "second", id="all are false: the least sure"),
        pytest.param("INCONCLUSIVE", 0.5, 0.5, None, id="undecided"),
    ],
)
def test_deciding_part_is_marked(
    outcome: str, p_support: float, p_refute: float, decided: str | None
) -> None:
    """The part that a verdict rests on is marked, also where its p-value was doubled for being one of two."""
    parts = [part("first", "SUPPORTED", 1e-9, 0.001), part("second", "SUPPORTED", 0.01, 0.0021)]
    page = page_of(verdicts=[verdict("a", outcome, parts=parts, p_support=p_support, p_refute=p_refute)])
    marked = [row[0] for row in page.rows if "decided the verdict" in row[0]]
    assert marked == ([] if decided is None else [f"{decided} decided the verdict"])


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({"pairs": []}, "This study compares no pair of arms."),
        ({"verdicts": []}, "No claim of this study was tested."),
        (
            {"pairs": [], "not_applicable": [], "arms": [], "tasks": [], "inputs": [], "margins": {}},
            "Margins none",
        ),
    ],
)
def test_empty_lists_are_told(changes: dict[str, Any], shown: str) -> None:
    """A study without pairs, verdicts or provenance still makes a page, which says what is missing."""
    assert shown in page_of(**changes).text


def test_results_without_study_are_told() -> None:
    """Results that hold no study make a page that says so."""
    assert "These results hold no study." in Page(render_page(sample_results() | {"studies": []})).text


@pytest.mark.parametrize(
    ("base", "other", "n", "solved"),
    [
        pytest.param([1], [2], 4, [1, 0, 0, 0], id="one problem"),
        pytest.param([4, 4, 4], [4, 4, 4], 4, [3, 0, 0, 0], id="all solved"),
        pytest.param([0, 0], [0, 0], 4, [0, 0, 0, 2], id="none solved"),
        pytest.param([1, 0, 0], [0, 1, 0], 1, [0, 1, 1, 1], id="one completion"),
    ],
)
def test_extreme_pairs_make_a_page(base: list[int], other: list[int], n: int, solved: list[int]) -> None:
    """Pairs at the edge (one problem, one completion, all or none solved) have their charts and counts."""
    charts = page_of(pairs=[sample_pair(base, other, n)]).charts
    assert (
        charts[f"Problems solved at least once in {counted(n, 'completion')}"]["rows"]["problems"] == solved
    )
    assert ("Problems that one arm alone solves" in charts) == bool(solved[1] or solved[2])


def test_unknown_numbers_are_shown_as_dashes() -> None:
    """Null and not-a-number in a curve leave a gap in the chart and a dash in the table."""
    pair = real_pair()
    for arm in ("base", "difference"):
        for side in ("estimate", "lower", "upper"):
            pair["curve"][arm][side][0] = float("nan") if side == "estimate" else None
    page = page_of(pairs=[pair])
    assert any(row[:2] == ["1", "\N{EM DASH}"] and row[3] == "\N{EM DASH}" for row in page.rows)
    assert "nan" not in page.text.split()


@pytest.mark.parametrize("version", [None, 5, 7, "6"])
def test_other_schema_versions_are_refused(version: object) -> None:
    """Results of another schema version raise an error that names both versions and the way out."""
    with pytest.raises(
        InputError, match=rf"schema_version {version!r}, this page shows version 6: make"
    ) as error:
        render_page(sample_results() | {"schema_version": version})
    assert "install" in str(error.value)


def test_write_replaces_the_page_and_leaves_nothing_else(tmp_path: Path, sample_html: str) -> None:
    """Writing makes missing folders, replaces an old page and leaves no draft."""
    path = tmp_path / "reports" / "page.html"
    write_page(sample_results() | {"studies": []}, path)
    write_page(sample_results(), path)
    assert path.read_text(encoding="utf-8") == sample_html
    assert list(path.parent.iterdir()) == [path]


def _refuse(*_: object) -> None:
    raise OSError("disk full")


@pytest.mark.parametrize("method", ["replace", "write_text"])
def test_failed_write_leaves_the_old_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    """When the disk refuses, the old page is whole and no draft stays behind."""
    path = tmp_path / "page.html"
    path.write_text("old", encoding="utf-8")
    real: Callable[..., Any] = Path.write_text

    def half(self: Path, text: str, **options: Any) -> None:
        real(self, text[:100], **options)
        _refuse()

    with monkeypatch.context() as patch:
        patch.setattr(Path, method, half if method == "write_text" else _refuse)
        with pytest.raises(OSError, match="disk full"):
            write_page(sample_results(), path)
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_unfit_results_leave_the_old_page(tmp_path: Path) -> None:
    """Results that cannot be shown do not touch an existing page."""
    path = tmp_path / "page.html"
    path.write_text("old", encoding="utf-8")
    with pytest.raises(InputError):
        write_page({"schema_version": 9}, path)
    assert [(item.name, item.read_text(encoding="utf-8")) for item in tmp_path.iterdir()] == [
        ("page.html", "old")
    ]


@pytest.mark.parametrize(
    ("p", "shown"),
    [
        (None, "\N{EM DASH}"),
        (0.0, "p < 1e-6"),
        (9.9e-7, "p < 1e-6"),
        (2e-5, "p = 2e-5"),
        (0.0004, "p = .0004"),
        (0.0496, "p = .0496"),
        (0.125, "p = .125"),
        (0.9996, "p > .999"),
        (1.0, "p = 1"),
    ],
)
def test_p_values_read_well(p: float | None, shown: str) -> None:
    """P-values are short, never zero, and keep four decimals where they matter."""
    assert p_value(p) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ((0.1654, 0.147, 0.184), "+16.5 [+14.7, +18.4]"),
        ((-0.0001, -0.02, 0.02), "0.0 [\N{MINUS SIGN}2.0, +2.0]"),
        ((0.1, None, 0.2), "+10.0 [no lower limit, +20.0]"),
        ((0.1, 0.05, None), "+10.0 [+5.0, no upper limit]"),
        ((0.1, None, None), "+10.0"),
        ((None, None, None), "\N{EM DASH}"),
    ],
)
def test_estimates_carry_their_limits(value: tuple[float | None, ...], shown: str) -> None:
    """An estimate is followed by its interval, and a missing limit is told in words."""
    name = dict(zip(("estimate", "lower", "upper"), value, strict=True))
    assert estimate(name, "points") == shown


def test_effect_that_is_a_probability_is_a_percentage() -> None:
    """A detection limit is no difference: it has no sign and is in percent."""
    page = page_of(
        verdicts=[verdict(details=[effect("limit", 0.0231, 0.0, 0.0231) | {"unit": "probability"}])]
    )
    assert "limit 2.3% [0.0, 2.3]" in page.text


def test_effects_are_named_wherever_they_stand(sample: Page) -> None:
    """A cell of the matrix and a card say what their number is of, and the card what was tested here."""
    cells = [cell for row in sample.rows for cell in row if cell.startswith("SUPPORTED")]
    assert any("RL - base pass@1" in cell for cell in cells)
    assert any("RL - base pass@128" in cell for cell in cells)
    assert "Statement RL ahead at k = 1 and the base ahead at k = 128" in sample.text


def test_effect_in_k_is_not_turned_into_points(sample: Page) -> None:
    """An effect whose unit is k is a plain number, one that is a share is in points."""
    assert "crossover 15 [12 or more]" in sample.text
    assert "\N{MINUS SIGN}3.2 points [\N{MINUS SIGN}5.1, \N{MINUS SIGN}1.3]" in sample.text
    assert effect("x", 0.5, None, None)["unit"] == "share"
    assert (percent(0.616), points(-0.032)) == ("61.6%", "\N{MINUS SIGN}3.2")


def _luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, two: str) -> float:
    low, high = sorted((_luminance(one), _luminance(two)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("ground", ["paper", "card"])
def test_colours_of_text_have_contrast_aa(scheme: str, ground: str) -> None:
    """Every colour that text may have stands out at 4.5 to 1 from both grounds, by day and by night."""
    css = files("beyondbase.report").joinpath("page/style.css").read_text(encoding="utf-8")
    block = re.findall(r":root \{([^}]*)\}", css)[SCHEMES[scheme]]
    colours = dict(re.findall(r"--(\w+): (#\w{6})", block))
    texts = colours.keys() - {"paper", "card", "rule", "both", "neither"}
    assert len(texts) >= 10
    assert {
        name: _contrast(colours[name], colours[ground])
        for name in texts
        if _contrast(colours[name], colours[ground]) < 4.5
    } == {}


def test_a_limit_is_no_estimate() -> None:
    """What has an upper limit alone is told as such, and not as an estimate with an interval."""
    limit = {"estimate": None, "lower": None, "upper": 0.0231, "level": 0.95, "unit": "probability"}
    assert effect_words(limit) == "up to 2.3% (95% limit)"
    assert effect_words(limit | {"lower": 0.0}) == "\N{EM DASH} [0.0, 2.3]"


def test_detection_limits_say_what_they_are(tmp_path: Path) -> None:
    """Of a claim on what an arm alone solves, a reader learns which chances 0 of n right leave possible."""
    study = pair_study(tmp_path, (128, [0, 3, 9]), (128, [1, 0, 9]), claims=["rl-solved-is-subset"])
    page = Page(render_page(results_of([judged(study)])))
    told = "detection limit of base: success probability that 0 of 128 right leaves possible"
    assert f"{told} up to 2.3% (95% limit)" in page.text


@pytest.mark.parametrize(
    ("value", "words"), [("a b", "a b"), (True, "true"), ([1, None], "[1, null]"), (7, "7")]
)
def test_settings_are_no_python(value: object, words: str) -> None:
    """A setting is shown as a study or a server would write it, not as Python does."""
    assert setting(value) == words
