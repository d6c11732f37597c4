"""The studies and claims of one pytest run, loaded once and judged on demand."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from beyondbase.cases import Case
from beyondbase.claiming import Claim, load_claims
from beyondbase.errors import InputError
from beyondbase.judging import Family, Judged, Judgement, gather, judge
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

    def __init__(self, folders: Sequence[Path], studies: Sequence[Path], alpha: float | None = None) -> None:
        self._folders = tuple(folders)
        self._paths = tuple(studies)
        self._alpha = alpha
        self._judgements: dict[str, Judgement] = {}

    @cached_property
    def claims(self) -> tuple[Claim, ...]:
        """All claims of the claim folders; they form the family, whatever pytest collects."""
        return load_claims(self._folders)

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
    def loaded(self) -> bool:
        """Whether the studies were read."""
        return "families" in vars(self)

    def judgement(self, study: str) -> Judgement:
        """Verdicts of a study, judged at the first call."""
        if study not in self._judgements:
            self._judgements[study] = judge(self.families[study])
        return self._judgements[study]

    def judged(self, entry: Entry) -> Judged:
        """The decided verdict behind a test item."""
        return self.judgement(entry.study)[entry.verdict]
