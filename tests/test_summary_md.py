"""The summary in Markdown: it shows what it is given, all of it as text, and no more than GitHub takes."""

import re
from datetime import date
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_results import made_results, replaced
from markdown_it import MarkdownIt

from beyondbase.report.markdown import MOST_BYTES, changes, escape, render_summary
from beyondbase.report.terminal import waiver_text
from beyondbase.results.compare import compare
from beyondbase.results.numbers import MINUS
from beyondbase.visible import clean

RUN = {"results_sha256": "0" * 64, "command": "pytest claims -k 'a b'", "date": "2026-11-23T03:04:05Z"}
HOSTILE = {
    "emphasis": "*a* **b** _c_ __d__ ~~e~~ ***",
    "code": "`a` ``b`` ``` ~~~ $`c`$",
    "links": "[a](https://evil.example) [b][c] [d]: https://e.com ![i](https://evil.example/i.png) [^1]",
    "addresses": "www.evil.com https://evil.com http://1.2.3.4 ftp://a.b evil.com a@evil.com mailto:a@b.com",
    "mentions": "@user @org/team cc:@me (@you) a@b",
    "references": "#1 GH-12 org/repo#3 d149729398750b98c0af14eb82c78cfe92750796 d149729 a/b@d149729398",
    "emoji": ":tada: a:+1:b ::x::",
    "mathematics": "$x^2$ and $$y$$",
    "html": "<b>a</b> <!-- c --><img src=x onerror=alert(1)> </details><script>alert(1)</script> &lt; &#64;u",
    "table": "a|b | c\\| d\\\\| \\",
    "blocks": "# h\n\n- a\n1. b\n> q\n---\n===\n```\ncode\n```\n    indented\n| a |\n|---|",
    "heading": "# h #",
    "bullet": "- a",
    "plus": "+ a",
    "number": "1. a",
    "longer number": "12) a",
    "rule": "---",
    "underline": "===",
    "alert": "> [!WARNING]",
    "task": "[ ] todo",
    "template": "{{ 7 * 7 }} {% raw %}",
    "right to left": "\u202eabc \u05e9\u05dc\u05d5\u05dd",
    "control": "a\x00b\x1b[31mc\x85",
    "lines": "a\u2028b\r\nc\td",
}
SIGNS = {"SUPPORTED": "✓", "REFUTED": "✗", "INCONCLUSIVE": "?", "INVALID": "!"}
TAGS = {
    "h1",
    "h2",
    "p",
    "ul",
    "li",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "details",
    "summary",
    "span",
}
# What GitHub looks for in the texts of a page after Markdown is done.
AGAIN = {
    "mention": r"(?:^|\W)@\w",
    "mail": r"@[\w-]+\.\w",
    "issue": r"#\d|(?i:\bGH-\d)",
    "emoji": r":(?!\d\d:)[a-z0-9+_-]+:",
    "mathematics": r"\$.",
    "commit": r"\b[0-9a-f]{7,40}\b",
    "address": r"(?i)\b(https?|ftp)://|www\.",
}
GITHUB = MarkdownIt("gfm-like")
if GITHUB.linkify is not None:
    # GitHub makes no link of a bare name such as evil.com, which every second file name would be.
    GITHUB.linkify.set({"fuzzy_link": False})


class Shown(HTMLParser):
    """What a reader of a rendered summary meets: elements, and the texts of its blocks."""

    def __init__(self, markdown: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.nodes: list[str] = []
        self.blocks = [""]
        self.feed(GITHUB.render(markdown))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element; only those of the template may stand here, and none has an attribute."""
        assert tag in TAGS
        assert not attrs
        if tag != "span":
            self.elements.append(tag)
            self.blocks.append("")

    def handle_data(self, data: str) -> None:
        """Note a text."""
        self.nodes.append(data)
        self.blocks[-1] += data

    def handle_comment(self, data: str) -> None:
        """Refuse comments: they hide text."""
        raise AssertionError(data)

    def rows(self) -> list[list[str]]:
        """Cells of the table by row."""
        cells = [
            block.strip()
            for tag, block in zip(self.elements, self.blocks[1:], strict=True)
            if tag in {"th", "td"}
        ]
        width = self.elements.count("th")
        return [cells[start : start + width] for start in range(0, len(cells), width)]


def with_text(text: str) -> dict[str, Any]:
    """The made results with one text everywhere."""
    return replaced(made_results(), text) | {"schema_version": 6}


def visible(text: str) -> str:
    """A text as one line of what a reader sees."""
    return " ".join(str(clean(text)).split())


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_texts_stay_texts(text: str) -> None:
    """No text makes an element, link or mention, and each is shown whole, whatever stands in it."""
    plain, shown = Shown(render_summary(with_text("x"))), Shown(render_summary(with_text(text)))
    assert shown.elements == plain.elements
    title, *_, claim, task, arm = shown.blocks[2], *shown.rows()[1][:3]
    assert {title.strip(), claim, task, arm} == {visible(text)}
    for name, pattern in AGAIN.items():
        found = [node for node in shown.nodes if re.search(pattern, node)]
        assert not found, name


@given(
    st.lists(
        st.sampled_from([*"@#:$.wWgGhH-_*`~[]()<>!&;|\\+=1a e\n/\"'{}", "deadbeef", "a@b.com", "17:51:15"]),
        max_size=30,
    ).map("".join)
)
def test_any_text_is_shown_as_it_is(text: str) -> None:
    """Escaped text renders to one paragraph, or list item or table cell, of the same text."""
    for frame in ("a {}", "- {}", "| h |\n|---|\n| {} |", "# {}"):
        plain, shown = Shown(frame.format("x")), Shown(frame.format(escape(text)))
        assert shown.elements == plain.elements
        assert "".join(shown.blocks).split() == "".join(plain.blocks).replace("x", visible(text)).split()
        assert not [node for node in shown.nodes if any(re.search(again, node) for again in AGAIN.values())]


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-28T17:51:15Z",
        "rl - base pass@256 above -0.05: about 3 more",
        "beyondbase judge my/study.toml",
        "a:b, 1:2",
        "#top",
    ],
)
def test_harmless_texts_are_written_as_they_are(text: str) -> None:
    """A time, pass@k, the name of a file or a colon needs no element: no emoji, mention or link is in it."""
    assert "<" not in escape(text)


@pytest.mark.parametrize(
    "text", ["@user", "x @user", "deadbeef@user", "a@b.com", ":100:", "17:100:00", "a:+1:b", "https://e.com"]
)
def test_what_github_looks_for_is_taken_apart(text: str) -> None:
    """Mentions, addresses and emoji are broken, also behind what is broken itself."""
    assert "<span>" in escape(text)


def test_escaping_shows_in_its_absence(monkeypatch: pytest.MonkeyPatch) -> None:
    """The checks above see a summary that is not escaped."""
    monkeypatch.setattr("beyondbase.report.markdown.escape", str)
    with pytest.raises(AssertionError):
        Shown(render_summary(with_text(HOSTILE["addresses"])))


def test_summary_says_what_was_decided() -> None:
    """Title, headline, counts, one row per verdict, remedies, reasons and idle claims are there."""
    results = made_results()
    text = render_summary(results, run=RUN)
    shown = Shown(text)
    assert "A made study" in shown.blocks[2]
    assert "unfit: 7, waived: 1, undecided: 1." in shown.blocks[3]
    assert "T, rl: RL leads at k = 1 by" in text
    head, *rows = shown.rows()
    assert head == ["claim", "task", "arm", "verdict", "effect [interval]", "adj. p", "expected?"]
    verdicts = results["studies"][0]["verdicts"]
    assert [row[:4] for row in rows] == [
        [
            *(verdict[key] for key in ("claim", "task", "label")),
            f"{SIGNS[verdict['outcome']]} {verdict['outcome']}",
        ]
        for verdict in verdicts
    ]
    assert rows[0][-1] == "as expected"
    assert rows[1][4:] == ["—", "—", "waived until 2031-01-31 by the eval team (expected SUPPORTED)"]
    assert rows[3][-1] == "unfit"
    remedy = "rl-solved-is-subset[T/rl]: RL alone solves less than 2 % of the problems beyond luck"
    assert f"{remedy} (k = 16 and 32): may never be decided" in " ".join(shown.blocks)
    assert "distillation-expands (needs" in text.partition("<details>")[2]
    assert "at 2026-11-23T03:04:05Z with: pytest claims -k 'a b'" in "".join(shown.nodes)


def test_crossings_stand_beside_the_effect() -> None:
    """A detail that is a number of samples is shown with the effect, both by name."""
    (row,) = [row for row in Shown(render_summary(made_results())).rows() if row[0] == "base-overtakes"][:1]
    assert re.fullmatch(rf"RL - base pass@32: {MINUS}.* points \[.*\]; base ahead from k: \d+ \[.*\]", row[4])


def test_an_unknown_run_is_told() -> None:
    """Without run.json the summary says that date and command are not known."""
    assert "when and by which command is not known" in render_summary(made_results())


def test_waivers_run_out() -> None:
    """On the day after its last, a waiver no longer excuses, and the summary says whose it was."""
    run = RUN | {"date": "2031-02-01T00:00:00Z"}
    row = Shown(render_summary(made_results(), run=run)).rows()[2]
    assert row[-1] == "unfit; waiver of the eval team ran out on 2031-01-31"
    assert "waived" not in Shown(render_summary(made_results(), run=run)).blocks[3]
    assert (
        waiver_text({"owner": "o", "until": "2031-01-31"}, date(2031, 1, 31))
        == "waived until 2031-01-31 by o"
    )


def test_a_waiver_that_is_not_needed_is_not_shown() -> None:
    """A verdict that is as expected is not called waived."""
    results = made_results()
    results["studies"][0]["verdicts"][1]["as_expected"] = True
    assert Shown(render_summary(results)).rows()[2][-1] == "as expected"


def changed_results() -> tuple[dict[str, Any], dict[str, Any]]:
    """Two runs: in the later one a verdict turned, one is new, one is gone, and alpha changed."""
    old, new = made_results(), made_results()
    was, now = old["studies"][0], new["studies"][0]
    was["verdicts"][0] |= {"outcome": "REFUTED"}
    was["verdicts"][0]["effect"] |= {"estimate": -0.1, "lower": -0.2, "upper": -0.05}
    was["alpha"] = 0.1
    del was["verdicts"][2]
    del now["verdicts"][-1]
    return old, new


def test_comparison_has_a_column_and_sentences() -> None:
    """With an earlier run the table has a column before, and the changes stand above it."""
    old, new = changed_results()
    shown = Shown(render_summary(new, comparison=compare(old, new)))
    head, first, second, third, *_ = shown.rows()
    assert head[4] == "before"
    assert first[4] == f"✗ REFUTED, RL - base pass@1: {MINUS}10.0 points [{MINUS}20.0, {MINUS}5.0]"
    assert (second[4], third[4]) == ("! INVALID", "not there")
    told = " ".join(shown.blocks)
    places = [
        told.index(word)
        for word in (
            "rl-leads-at-1[T/rl]: REFUTED before, SUPPORTED now",
            "rl-covers-more-reliably[U/rl]: only in the old run",
            "base-overtakes[T/rl]: only in the new run",
            "alpha: 0.1 before, 0.05 now",
        )
    ]
    assert places == sorted(places)


def test_unchanged_runs_are_called_so() -> None:
    """Where nothing changed, one sentence says it."""
    text = render_summary(made_results(), comparison=compare(made_results(), made_results()))
    assert text.count("No verdict changed, and no curve by more than noise.") == 1


def test_studies_that_came_and_went_are_named() -> None:
    """A study of one run only is said to be so."""
    old, new = made_results(), made_results()
    old["studies"][0]["id"] = "gone"
    compared = compare(old, new)
    assert list(changes(compared["studies"]["made"])) == ["The study is only in the new run."]
    assert "gone: the study is only in the old run" in render_summary(new, comparison=compared)


def test_changes_beyond_noise_come_first() -> None:
    """Changes are told in the order of their weight; what stayed the same is not told."""
    kinds = {
        "added": ("added", None),
        "same": ("same", False),
        "within": ("changed", False),
        "unknown": ("changed", None),
        "beyond": ("changed", True),
        "shifted": ("same", True),
    }
    verdicts = {
        name: {"status": status, "beyond_noise": beyond, "why": "because"}
        for name, (status, beyond) in kinds.items()
    }
    compared = {"status": "both", "notes": ["a note"], "verdicts": verdicts, "pairs": {}}
    told = [line.partition(":")[0] for line in changes(compared)]
    assert told == ["beyond", "unknown", "within", "shifted", "added", "a note"]


def test_many_verdicts_fit_with_the_unexpected_first() -> None:
    """A summary of thousands of verdicts keeps to the limit, unwanted ones first, and counts the rest."""
    results = made_results()
    study = results["studies"][0]
    wanted, unwanted = study["verdicts"][0], study["verdicts"][6]
    study["verdicts"] = [wanted | {"id": f"v{i}"} for i in range(5000)] + [unwanted | {"id": "last"}]
    text = render_summary(results)
    assert len(text.encode()) <= MOST_BYTES
    rows = Shown(text).rows()[1:]
    assert rows[0][0] == "rl-solved-is-subset"
    assert f"left out here: {5001 - len(rows):,} more verdicts." in text
    assert 100 <= len(rows) < 5001


@pytest.mark.parametrize("text", ["@" * 2_000, "a" * 2_000, "\U0001f4a9" * 2_000])
def test_even_the_worst_texts_fit(text: str) -> None:
    """Endless texts everywhere, in many studies, are cut until the summary fits."""
    results = with_text(text)
    results["studies"] = results["studies"] * 10
    assert len(render_summary(results).encode()) <= MOST_BYTES


def test_no_study_is_a_summary_too() -> None:
    """Results without a study, or a study without a verdict, are shown as such."""
    results = made_results()
    results["studies"][0] |= {"verdicts": [], "pairs": [], "not_applicable": []}
    assert "No claim of this study was tested." in render_summary(results)
    results["studies"] = []
    assert "Made by beyondbase" in render_summary(results)
