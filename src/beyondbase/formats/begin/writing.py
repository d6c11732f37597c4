"""study.toml as init writes it: every line with what it means, every text escaped."""

import json
import re
from collections.abc import Iterator

from beyondbase.formats.begin.draft import ArmDraft, Draft
from beyondbase.visible import clean

_FILES = 4
_HEAD = """\
# A study: arms (models at one setting each), tasks, and the evidence on which claims are judged.
# Written by beyondbase init; every line may be changed.
"""
_TAIL = """\
# What may be left as it is; the values here are those that hold without them.
# [margins]
# lead = 0.0         # by how much RL must lead at k = 1 to count as ahead
# overtake = 0.0     # by how much the base must lead at large k
# subset = 0.02      # the share of problems that RL may solve alone and still be a subset of the base
#
# [grid]
# k_large = {least}      # the "large k" of the claims: at most {least}, which every problem has
# k_large_min = 16   # with fewer completions, claims about large k are INVALID
#
# [expect]           # what you expect of a claim, if it is not what the paper found
# rl-sharpens = {{ verdict = "INCONCLUSIVE", reason = "..." }}
"""


def study_text(draft: Draft, *, evidence: str) -> str:
    """Write a study.

    Args:
        draft: What it is made of.
        evidence: The line of [evidence], with its comment.
    """
    names = [arm.name for arm in draft.arms]
    files = [
        *dict.fromkeys(file.name for arm in draft.arms for file in arm.source.files if file.name.strip())
    ]
    more = [f"and {len(files) - _FILES} more files"] if len(files) > _FILES else []
    source = ", ".join([*files[:_FILES], *more]) or "samples"
    title = f"{', '.join(names)} on {', '.join(draft.tasks)}"
    parts = [
        _HEAD,
        f"id = {toml_text(_slug('-'.join(names)))}",
        f"title = {toml_text(title)}    # one line for the report",
        f"source = {toml_text(source)}    # better: who drew the samples",
        f"\n[evidence]\n{evidence}",
        "\n# A task is a set of problems with one grader; claims compare arms on the same problems.",
        *(line for task, dataset in draft.tasks.items() for line in _task(task, dataset)),
        "# An arm is one model at one setting. Its role: base, rl, distilled, instruct or teacher.",
        *(line for arm in draft.arms for line in _arm(arm)),
        _TAIL.format(least=draft.least),
    ]
    return "\n".join(parts)


def _task(task: str, dataset: str) -> Iterator[str]:
    yield f"[tasks.{_key(task)}]"
    if dataset:
        yield f"dataset = {toml_text(dataset)}"
    yield '# benchmark = "MATH500"    # what the literature calls it, if that is not its name here'
    yield ""


def _arm(arm: ArmDraft) -> Iterator[str]:
    yield f"[arms.{_key(arm.name)}]"
    yield f'role = "{arm.role}"    # {arm.why}'
    yield f"model = {toml_text(arm.model)}    # its name on the Hub, or any name that finds it again"
    if arm.role == "rl":
        yield '# algorithm = "GRPO"    # with two algorithms or more, claims compare them'
        yield "# step = 200    # with several steps of one run, claims follow the training"
    yield "# temperature = 0.6    # how it was sampled, for the report"
    yield ""


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else toml_text(name)


def toml_text(text: str) -> str:
    """Write a text of TOML, whatever it holds."""
    # JSON escapes what TOML wants escaped, once what no file should hold is made visible.
    return json.dumps(clean(text), ensure_ascii=False)


def _slug(text: str) -> str:
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-._")[:60].strip("-._")
    return plain or "study"
