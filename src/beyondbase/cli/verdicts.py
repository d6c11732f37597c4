"""What commands say of verdicts that hang on how completions are judged."""

from collections.abc import Sequence
from pathlib import Path

from beyondbase.cli.console import say
from beyondbase.evidence.load import Evidence
from beyondbase.judging.claim import claim_modules, load_modules, own_modules, suite_claims
from beyondbase.judging.family import gather, judge
from beyondbase.report.markdown import changes
from beyondbase.report.terminal import counted
from beyondbase.results.build import results_of
from beyondbase.results.compare import compare
from beyondbase.study import Study
from beyondbase.visible import one_line


def say_changes(
    study: Study, evidence: tuple[Evidence, Evidence], folders: Sequence[Path], *, what: str, sides: str
) -> None:
    """Judge a study twice, and say which verdicts differ.

    Args:
        evidence: What it is judged on before, and now.
        folders: Of claims of the user's own.
        what: What is other now.
        sides: What before and now stand for.
    """
    modules = load_modules((*claim_modules(suite_claims()), *own_modules(tuple(folders))))
    old, new = (results_of([judge(gather(study, modules, evidence=side))]) for side in evidence)
    compared = compare(old, new).studies[study.id]
    changed = [name for name, verdict in compared.verdicts.items() if verdict.status == "changed"]
    head = f"{counted(len(changed), 'verdict')} of {len(compared.verdicts):,} changed"
    say(one_line(f"{what}: {head} ({sides})"), "bold")
    for change in changes(compared):
        say(one_line(f"  {change}"))
