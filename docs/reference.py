"""Write docs/study-keys.md and docs/claims-reference.md from the code: `python docs/reference.py`."""

import importlib.util
import re
import types
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator
from pydantic.fields import FieldInfo
from pydantic_core import PydanticKnownError

from beyondbase import Claim, Study
from beyondbase.registry import ENGINES

DOCS = Path(__file__).parent
CLAIMS = DOCS.parent / "claims"
TYPES = {str: "text", int: "whole number", float: "number", bool: "true or false", date: "date", Any: "value"}
BOUNDS = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}
# Meanings of keys whose models have none: these have no message in which one could be shown.
MEANINGS = {
    "alpha": "one-sided level of every test, and the chance of any false verdict over a family",
    "seed": "of what is drawn at random in bands and remedies, and in checks of the grader",
    "margins": "a table [margins]",
    "grid": "a table [grid]",
    "family": "a table [family]",
    "engine": "a table [engine]",
    "problems": "a table [problems.TASK] per task that is sampled or graded here",
    "health": "a table [health]",
    "expect": "a table [expect]: by claim or claim[task/arm], a verdict or a table",
    "waive": "a table [waive]: by claim or claim[task/arm], a table",
    "tasks.NAME.dataset": "where its problems are published, for the report",
    "tasks.NAME.revision": "which version of them",
    "tasks.NAME.note": "what a reader of the report should know of it",
    "arms.NAME.revision": "which version of the model",
    "arms.NAME.algorithm": "how it was trained; with two algorithms or more, claims compare them",
    "arms.NAME.step": "the training step; with several of one run, claims follow the training",
    "arms.NAME.kl": "the coefficient of its KL penalty",
    "arms.NAME.rollouts": "rollouts per prompt in its training",
    "arms.NAME.temperature": "at which it draws; that of [sampling] if absent",
    "arms.NAME.top_p": "at which it draws; that of [sampling] if absent",
    "arms.NAME.max_tokens": "how many tokens a completion may have; that of [sampling] if absent",
    "arms.NAME.note": "what a reader of the report should know of it",
    "arms.NAME.labels": "further words about it",
    "sampling.temperature": "at which completions are drawn, unless the arm says otherwise",
    "sampling.top_p": "only the likeliest tokens that together have this chance; all if 1",
    "engine.engine": "which engine; its other keys are these",
    "engine.tokenizer_revision": "which version of the tokenizer",
    "problems.TASK.config": "which configuration of the dataset of the Hub",
    "problems.TASK.split": "which split of the dataset of the Hub",
    "problems.TASK.revision": "which version of the dataset of the Hub",
    "expect.CLAIM.reason": "why it is expected",
}
PLACES = {"tasks": "NAME", "arms": "NAME", "problems": "TASK", "expect": "CLAIM", "waive": "CLAIM"}


def study_keys() -> str:
    """The page of all keys of a study file, table by table."""
    lines = [
        "# Keys of a study file",
        "",
        "Written by `python docs/reference.py` from the models that read the file. Do not edit.",
        "",
        "A study is a TOML file. A key that is not here is refused, with the one that may be meant. Numbers,",
        "texts and dates are written as TOML has them: a number in quotes is refused too. The name of a file",
        "is relative to the study file.",
        "",
        "## At the top",
        "",
        *_table(Study, ""),
    ]
    for key, field in Study.model_fields.items():
        models = _engines() if key == "engine" else list(_models(field.annotation))
        for model in models:
            place = f"{key}.{PLACES[key]}" if key in PLACES else key
            kind = model.model_fields["engine"].default if "engine" in model.model_fields else None
            lines += ["", f"## [{place}]" + (f' with engine = "{kind}"' if kind else "")]
            lines += ["", _first_line(model), "", *_table(model, place)]
    return "\n".join([*lines, ""])


def _table(model: type[BaseModel], place: str) -> Iterator[str]:
    yield "| key | type | default | meaning |"
    yield "|---|---|---|---|"
    for key, field in model.model_fields.items():
        known = MEANINGS.get(f"{place}.{key}".lstrip("."))
        if (field.description is None) == (known is None):
            fault = "has no meaning" if known is None else "has a meaning of its own; delete it from MEANINGS"
            raise ValueError(f"{place}.{key} {fault}")
        cells = (f"`{key}`", _type(field), _default(field), field.description or known or "")
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _engines() -> list[type[BaseModel]]:
    """The settings of the engines that come with the package; other packages may add some."""
    return [ENGINES[name] for name in ENGINES.ours]


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)


def _type(field: FieldInfo) -> str:
    bounds = _bounds(field.metadata)
    return _words(field.annotation) + (f", {bounds}" if bounds else "")


def _words(annotation: Any) -> str:
    parts = get_args(annotation)
    origin = get_origin(annotation)
    if origin is dict or next(_models(annotation), None):
        return "table"
    if origin is Annotated:
        made: list[Any] = [_made(one) for one in parts[1:] if isinstance(one, BeforeValidator)]
        if names := next((one for one in made if str(one).startswith("`")), None):
            return str(names)
        # What stands in place of a list of one says so by what it makes of it.
        alone = ("x",) in made
        inner = [bound for one in parts[1:] for bound in getattr(one, "metadata", [one])]
        return "text or " * alone + ", ".join(filter(None, (_words(parts[0]), _bounds(inner))))
    if origin is Literal:
        return " or ".join(f"`{_toml(one)}`" for one in parts)
    if origin in {Union, types.UnionType}:
        return " or ".join(_words(one) for one in parts if one is not type(None))
    return f"list of {_words(parts[0])}" if origin is tuple else TYPES[annotation]


def _made(validator: BeforeValidator) -> Any:
    """What a validator makes of a text, or the names that it expects instead."""
    try:
        return validator.func("x")  # type: ignore[call-arg]
    except PydanticKnownError as error:
        names = re.findall("'(.*?)'", str((error.context or {})["expected"]))
        return " or ".join(f"`{_toml(name)}`" for name in names)


def _bounds(metadata: list[Any]) -> str:
    return ", ".join(
        f"{words} {getattr(one, name):,}"
        for one in metadata
        for name, words in BOUNDS.items()
        if getattr(one, name, None) is not None
    )


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    # None is no value of TOML, and what an empty table holds stands in the table's own part.
    return "" if value is None or value in ({}, "") or isinstance(value, BaseModel) else f"`{_toml(value)}`"


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return f'"{value}"' if isinstance(value, str) else f"{value}"


def _first_line(thing: Any) -> str:
    return (thing.__doc__ or "").strip().splitlines()[0]


def claims_reference() -> str:
    """The page of all claims of the suite, module by module."""
    lines = [
        "# Every claim",
        "",
        "Written by `python docs/reference.py` from the modules of [`claims/`](../claims). Do not edit.",
        "",
        "What the kinds mean, and what a verdict does to its test: [Kinds of claims](claims.md). k is a",
        'number of samples; K, the "large k", is `k_large` of `[grid]`, or the largest k that all samples',
        "allow. Margins are keys of [`[margins]`](study-keys.md#margins).",
    ]
    for path in sorted(CLAIMS.glob("test_*.py")):
        module = _module(path)
        found = [(card, test) for test in vars(module).values() if (card := _card(test))]
        lines += ["", f"## {_first_line(module).rstrip('.')}"]
        for card, test in found:
            lines += ["", f"### {card.id}", "", card.finding, "", *_about(card, path, _first_line(test))]
    return "\n".join([*lines, ""])


def _about(card: Claim, path: Path, remark: str) -> Iterator[str]:
    excluded = " and ".join(f"[`{name}`](#{name})" for name in card.excludes)
    yield f"* **Kind**: {f'counter-claim to {excluded}' if excluded else card.kind}"
    yield f"* **Paper**: {_literal(card.paper)}"
    yield f"* **Tested**: {_literal(card.hypothesis)}"
    yield f"* **Judged on**: {_literal(card.over.needs)}"
    if card.large_k:
        yield "* **Samples**: INVALID where some problem has fewer than `k_large_min`"
    yield f"* **Remark**: {_literal(remark)}"
    yield f"* **Code**: [claims/{path.name}](../claims/{path.name})"


def _literal(text: str) -> str:
    """A text of the code as Markdown that shows it: its signs are no marks."""
    return re.sub(r"([*_\[\]])", r"\\\1", text.replace("<", "&lt;"))


def _card(test: Any) -> Claim | None:
    card = getattr(test, "__claim__", None)
    return card if isinstance(card, Claim) else None


def _module(path: Path) -> types.ModuleType:
    spec = importlib.util.spec_from_file_location(f"reference_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ImportError(path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PAGES = {"study-keys.md": study_keys, "claims-reference.md": claims_reference}

if __name__ == "__main__":
    for name, made in PAGES.items():
        (DOCS / name).write_text(made(), encoding="utf-8")
