"""The studies and claims of one pytest run, loaded once and judged on demand."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from beyondbase.errors import InputError
from beyondbase.judging.case import Case
from beyondbase.judging.claim import Claim, claim_modules, load_modules, own_modules, suite_claims
from beyondbase.judging.family import NOTHING, Family, Judged, Judgement, gather, judge
from beyondbase.plugin.processes import Findings, find
from beyondbase.study import Study, load_study


@dataclass(frozen=True)
class Entry:
    """A claim on a case of a study: what one test item stands for."""

    study: str
    verdict: str
    case: Case

    @property
    def id(self) -> str:
        """Name among the items of a claim, as pytest shows it."""
        return f"{self.study}/{self.case.id}"

    @property
    def key(self) -> str:
        """Name within a run; study ids hold no space."""
        return f"{self.study} {self.verdict}"


class Suite:
    """Claims and studies of a run."""

    def __init__(
        self,
        folders: Sequence[Path],
        studies: Sequence[Path],
        alpha: float | None = None,
        *,
        alone: bool = False,
        processes: int | None = 1,
    ) -> None:
        """Prepare a run; nothing is read yet.

        Args:
            folders: of a user's own claims.
            studies: study files or their folders.
            alpha: level instead of the studies' own.
            alone: whether the suite's claims are left out.
            processes: how many may judge; None for as many as the work is worth.
        """
        self._folders = tuple(folders)
        self._alone = alone
        self._processes = processes
        self._paths = tuple(studies)
        self._alpha = alpha
        self._judgements: dict[str, Judgement] = {}

    @cached_property
    def own_modules(self) -> tuple[Path, ...]:
        """The files of the user's own claims."""
        if self._alone:
            return tuple(path for folder in self._folders for path in claim_modules(folder))
        return own_modules(self._folders)

    @property
    def suite_modules(self) -> tuple[Path, ...]:
        """The files of the claims that come with the suite."""
        return () if self._alone else claim_modules(suite_claims())

    @cached_property
    def claims(self) -> tuple[Claim, ...]:
        """The suite's claims and the user's own; they form the family, whatever pytest collects."""
        return load_modules((*self.suite_modules, *self.own_modules))

    @cached_property
    def studies(self) -> dict[str, Study]:
        """Studies by id, in the order given."""
        found: dict[str, Study] = {}
        for path in self._paths:
            study = load_study(path)
            if study.id in found:
                raise InputError(
                    f"{study.path}: id: found {study.id!r}, which {found[study.id].path} has too; rename one"
                )
            found[study.id] = (
                study if self._alpha is None else study.model_copy(update={"alpha": self._alpha})
            )
        return found

    @cached_property
    def families(self) -> dict[str, Family]:
        """Claims, cases and evidence by study.

        Raises:
            InputError: there is no study, or something is wrong with one.
        """
        if not self._paths:
            raise InputError("found no study in fixtures/; give one with --study path/to/study.toml")
        return {name: gather(study, self.claims) for name, study in self.studies.items()}

    @cached_property
    def entries(self) -> dict[str, list[Entry]]:
        """Entries by claim id, over all studies."""
        table: dict[str, list[Entry]] = {claim.id: [] for claim in self.claims}
        for name, family in self.families.items():
            for claim, case in family.found:
                table[claim.id].append(Entry(name, f"{claim.id}[{case.id}]", case))
        return table

    @property
    def order(self) -> dict[str, Any]:
        """The arguments that give the same suite in another process."""
        return {
            "folders": self._folders,
            "studies": self._paths,
            "alpha": self._alpha,
            "alone": self._alone,
        }

    @cached_property
    def findings(self) -> Findings:
        """What other processes found of the studies, if there were any."""
        return find(self.families, self.order, processes=self._processes)

    @property
    def verdicts(self) -> Findings:
        """All verdicts, for processes that need not find them again; but of claims whose code fails none."""
        every = {name: enumerate(self.judgement(name).judged) for name in self.families}
        return Findings(
            {
                name: {place: one.verdict for place, one in some if not one.error}
                for name, some in every.items()
            }
        )

    @property
    def loaded(self) -> bool:
        """Whether the studies were read."""
        return "families" in vars(self)

    def judgement(self, study: str) -> Judgement:
        """Verdicts of a study, judged at the first call."""
        if study not in self._judgements:
            known = self.findings.verdicts.get(study, NOTHING)
            self._judgements[study] = judge(self.families[study], known=known)
        return self._judgements[study]

    def judged(self, entry: Entry) -> Judged:
        """The decided verdict behind a test item."""
        return self.judgement(entry.study)[entry.verdict]
