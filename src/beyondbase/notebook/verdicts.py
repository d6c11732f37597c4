"""Verdicts from Python and in a notebook, of a study file or of counts in a table."""

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, TypeAlias

from markupsafe import Markup

from beyondbase.errors import InputError
from beyondbase.extras import require
from beyondbase.files import write_whole
from beyondbase.judging.claim import claim_modules, load_modules, own_modules, suite_claims
from beyondbase.judging.family import Judged, Judgement, gather
from beyondbase.judging.family import judge as judge_family
from beyondbase.judging.waivers import today
from beyondbase.messages import quote, suggest
from beyondbase.notebook.counts import COUNTS, STUDY, Arms, write_counts
from beyondbase.notebook.figure import plot_pairs
from beyondbase.report import write_page
from beyondbase.report.markdown import SIGNS, render_summary
from beyondbase.report.terminal import not_applicable_lines, table_lines, verdicts_of
from beyondbase.results.build import results_of, write_results
from beyondbase.results.numbers import DASH, named_effect, p_value
from beyondbase.results.schema.studies import Results, StudyRecord
from beyondbase.results.schema.verdicts import VerdictRecord
from beyondbase.study import Study, load_study
from beyondbase.visible import clean

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

Place: TypeAlias = str | os.PathLike[str]
HEADS = ("claim", "task", "arm", "verdict", "effect [interval]", "adj. p", "why, or what would settle it")


@dataclass(frozen=True, eq=False, repr=False)
class Verdicts:
    """All verdicts of one study; a notebook shows them as a table.

    Attributes:
        judgement: the verdicts with their claims, cases and evidence.
        results: what results.json holds, which is every number that is shown.
    """

    judgement: Judgement
    results: Results

    def __iter__(self) -> Iterator[Judged]:
        return iter(self.judgement.judged)

    def __len__(self) -> int:
        return len(self.judgement.judged)

    def __getitem__(self, name: str) -> Judged:
        """The verdict of a name such as ``rl-leads-at-1[MATH500/grpo]``, or of a claim that has one only.

        Raises:
            InputError: there is none of this name, or there are several.
        """
        found = [entry for entry in self if name in {entry.id, entry.claim.id}]
        if len(found) == 1:
            return found[0]
        ids = [entry.id for entry in found or self]
        known = [*ids, *dict.fromkeys(entry.claim.id for entry in self)]
        raise InputError(
            f"found {quote(name)}, which names {len(found)} verdicts; use one of {', '.join(ids)}"
            f"{'' if found else suggest(name, known)}"
        )

    def __repr__(self) -> str:
        lines = table_lines(verdicts_of(self.results.studies), day=today())
        return "\n".join(line for line, _ in lines) or "\n".join(
            not_applicable_lines({self._study.id: self._study.not_applicable})
        )

    def _repr_html_(self) -> str:
        # In the notebook's own colours, and without a script: texts of models and studies are not trusted.
        study = clean(self._study)
        head = Markup().join(_cell("th", name) for name in HEADS)
        rows = Markup().join(
            Markup("<tr>{}</tr>").format(Markup().join(_cell("td", text) for text in _row(verdict)))
            for verdict in study.verdicts
        )
        # The class keeps a notebook from reading mathematics between dollar signs of names.
        table = Markup(
            '<table class="tex2jax_ignore"><caption>{}</caption>'
            "<thead><tr>{}</tr></thead><tbody>{}</tbody></table>"
        )
        title = study.title if rows else f"{study.title}: no claim finds what it needs"
        return table.format(title, head, rows)

    def to_frame(self) -> "DataFrame":
        """The verdicts as a frame of pandas, a row each; shares and probabilities as numbers from 0 to 1.

        Raises:
            InputError: pandas is not installed.
        """
        pandas = require("pandas", "notebook")
        known = ("estimate", "lower", "upper", "level", "unit")
        rows = [
            {
                "id": verdict.id,
                "claim": verdict.claim,
                "task": verdict.task,
                "arm": verdict.label,
                "verdict": str(verdict.outcome),
                "effect": verdict.effect and verdict.effect.name,
                **{key: verdict.effect and getattr(verdict.effect, key) for key in known},
                "p_adjusted": None if verdict.invalid else verdict.p_adjusted,
                "expected": verdict.expected,
                "as_expected": verdict.as_expected,
                "why": _why(verdict),
            }
            for verdict in self._study.verdicts
        ]
        return pandas.DataFrame(rows)

    def plot(self, *pairs: str) -> "Figure":
        """Draw pass@k of pairs such as ``MATH500/grpo`` with bands for all k at once; all if none.

        Raises:
            InputError: there is no such pair, or none that can be judged; or matplotlib is not installed.
        """
        return plot_pairs(self._study, pairs)

    def write(self, folder: Place) -> list[Path]:
        """Write results.json, index.html and summary.md, in the place of those of the same study.

        Returns:
            The files.

        Raises:
            InputError: the folder has the results of another study, or cannot be written to.
        """
        there = Path(folder)
        paths = [there / name for name in ("results.json", "index.html", "summary.md")]
        _check_free(paths[0], self._study.id)
        try:
            write_results(self.results, paths[0])
            write_page(self.results, paths[1])
            write_whole(render_summary(self.results), paths[2])
        except OSError as error:
            raise InputError(
                f"{there}: cannot be written ({error.strerror}); choose another folder"
            ) from None
        return paths

    @property
    def _study(self) -> StudyRecord:
        return self.results.studies[0]


def judge(
    study: Place | Study | object,
    *,
    arms: Arms | None = None,
    claims: Iterable[Place] | Place = (),
    **tables: Any,
) -> Verdicts:
    """Judge every claim of the suite, and those of further folders, on a study or on counts.

    Args:
        study: the path of a study file or of its folder, a study that was read, or a table of counts: a
            frame of pandas or polars, an Arrow table, or a dict of columns, with task, arm, problem_id, n
            and c (and cluster, level), a row for each problem and arm.
        arms: of counts without a column role, what each arm is: its role, or its table as in a study file.
        claims: folders with claims of your own, modules test_*.py.
        tables: of counts, further keys of a study file, such as title="…" or grid={"k_large": 64}.

    Raises:
        InputError: something is wrong with what was given; the message says what to do.
    """
    folders = _folders(claims)
    if not isinstance(study, str | os.PathLike | Study):
        with TemporaryDirectory() as folder:
            try:
                return _judged(write_counts(Path(folder), study, arms, tables), folders)
            except InputError as error:
                text = str(error).replace(str(Path(folder, COUNTS)), "counts")
                raise InputError(text.replace(str(Path(folder, STUDY)), "study")) from None
    given = [*tables, *(["arms"] if arms is not None else [])]
    if given:
        raise InputError(f"found {', '.join(given)} beside a study; write them into the study file")
    return _judged(study if isinstance(study, Study) else load_study(study), folders)


def _judged(study: Study, folders: Iterable[Path]) -> Verdicts:
    modules = (*claim_modules(suite_claims()), *own_modules(folders))
    judgement = judge_family(gather(study, load_modules(modules)))
    return Verdicts(judgement, results_of([judgement]))


def _folders(claims: Iterable[Place] | Place) -> list[Path]:
    own = [claims] if isinstance(claims, str | os.PathLike) else claims
    folders = [*map(Path, own)]
    for folder in folders:
        if not any(folder.glob("test_*.py")):
            raise InputError(f"{folder}: found no module test_*.py; give a folder of claims")
    return [*{folder.resolve(): folder for folder in folders}.values()]


def _check_free(path: Path, study: str) -> None:
    try:
        there = [one["id"] for one in json.loads(path.read_text(encoding="utf-8"))["studies"]]
    except (FileNotFoundError, NotADirectoryError):
        return
    except (OSError, ValueError, KeyError, TypeError):
        there = []
    if there != [study]:
        found = f"holds the results of {', '.join(there) or 'something else'}, and not of {study}"
        raise InputError(f"{path}: {found}; choose another folder")


def _cell(tag: str, text: str) -> Markup:
    return Markup('<{0} style="text-align:left">{1}</{0}>').format(Markup(tag), text)  # noqa: S704 - th or td


def _row(verdict: VerdictRecord) -> tuple[str, ...]:
    return (
        verdict.claim,
        verdict.task,
        verdict.label,
        f"{SIGNS[verdict.outcome]} {verdict.outcome}",
        named_effect(verdict.effect),
        DASH if verdict.invalid else p_value(verdict.p_adjusted),
        _why(verdict),
    )


def _why(verdict: VerdictRecord) -> str:
    return "; ".join(verdict.invalid) or verdict.remedy or ""
