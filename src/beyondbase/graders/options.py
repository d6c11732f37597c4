"""Options of graders: each is said once, where the grader has it as a field.

    places: Annotated[int, Option("how many digits ...", check=expect(..., "use a whole number ..."))] = 0

From its name, type, default and `Option` follow what a study file may say, the messages about what it may
not, the table in docs/sampling.md, which a test holds to it, and what the grader's version hangs on.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

from beyondbase.errors import InputError
from beyondbase.graders.extraction import RULES, Rule
from beyondbase.messages import quote, suggest

Check = Callable[[str, Any], None]
# What TOML has for a type, and what to write for it.
_FORMS: Mapping[type, tuple[type | tuple[type, ...], str]] = {
    bool: (bool, "true or false"),
    int: (int, "a whole number"),
    float: ((int, float), "a number"),
    str: (str, "a word in quotes"),
    tuple: ((list, tuple), "a list"),
    Mapping: (Mapping, "a table"),
}


@dataclass(frozen=True)
class Option:
    """What is said of an option beside its name, type and default.

    Attributes:
        meaning: Its values, and what they do.
        form: What to write where the type says too little, such as "letters in quotes".
        check: Raises an InputError for the option's key and a value that is of the type, but none to use. Of
            a Literal the words are checked without it.
        key: What a study file calls the option, where that is not the name of the field.
        counts: Whether verdicts hang on it, so that the version has it.
    """

    meaning: str = ""
    form: str = ""
    check: Check | None = None
    key: str = ""
    counts: bool = True


class Known(NamedTuple):
    """An option as a grader has it.

    Attributes:
        path: The fields that lead to it: one, or two for an option within limits.
        kind: Its type: a Literal, or a key of the forms that TOML has.
        default: Its value where a study says none.
        option: What else is said of it.
    """

    path: tuple[str, ...]
    kind: Any
    default: Any
    option: Option


def known_options(kind: type) -> Mapping[str, Known]:
    """List the options of a grader by the keys that a study file has for them.

    Args:
        kind: The class of the grader, a dataclass; fields that are dataclasses stand for their own fields.

    Raises:
        TypeError: A field is of a type that a study file cannot have, or has no default.
    """
    found: dict[str, Known] = {}
    hints = get_type_hints(kind, include_extras=True)
    for field in fields(kind):
        hint, option = _split(hints[field.name])
        if is_dataclass(hint):
            inner = known_options(hint)  # type: ignore[arg-type] # as a hint it is the class
            found |= {key: one._replace(path=(field.name, *one.path)) for key, one in inner.items()}
        else:
            found[option.key or field.name] = Known((field.name,), _form(hint), _default(field), option)
    return found


def read_options(kind: type, name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Read options as a study file has them, to make a grader with.

    Args:
        kind: The class of the grader.
        name: Its name, for messages.
        options: By key; lists for tuples.

    Raises:
        InputError: An option is unknown, of another type, or is none to use.
    """
    known = known_options(kind)
    values: dict[str, Any] = {}
    groups: dict[str, dict[str, Any]] = {}
    for key, value in options.items():
        if key not in known:
            found = f"found an unknown option {quote(key)}{suggest(key, known)}"
            raise InputError(f"{name} grader: {found}; use one of {', '.join(known)}")
        _check_type(key, value, known[key])
        _check_value(key, value, known[key])
        *group, field = known[key].path
        inner = groups.setdefault(group[0], {}) if group else values
        inner[field] = tuple(value) if isinstance(value, list) else value
    hints = get_type_hints(kind)
    return values | {group: hints[group](**inner) for group, inner in groups.items()}


def check_options(grader: object) -> None:
    """Refuse a grader, or its limits, with a value that is none to use.

    What a study says was checked before; this is for the `__post_init__` of graders that are made by hand.

    Raises:
        InputError: Names the option.
    """
    for key, known in known_options(type(grader)).items():
        if len(known.path) == 1:
            _check_value(key, getattr(grader, known.path[0]), known)


def counting_options(grader: object) -> dict[str, Any]:
    """Give the options of a grader that its verdicts hang on."""
    found: dict[str, Any] = {}
    for key, known in known_options(type(grader)).items():
        if known.option.counts:
            value: Any = grader
            for field in known.path:
                value = getattr(value, field)
            found[key] = value
    return found


def expect(holds: Callable[[Any], bool], remedy: str) -> Check:
    """Make a check of something that holds for values to use, and of what to do about others."""

    def check(key: str, value: Any) -> None:
        if not holds(value):
            found = quote(value) if isinstance(value, str) else value
            raise InputError(f"{key}: found {found}; {remedy}")

    return check


def check_rules(key: str, rules: Sequence[Rule]) -> None:
    """Refuse rules that are none, or no rules at all.

    Raises:
        InputError: The list is empty, or names an unknown rule.
    """
    if not rules:
        raise InputError(f"{key}: found no rule; name at least one of {', '.join(RULES)}")
    for rule in rules:
        check_word(key, rule, RULES)


Extract = Annotated[
    tuple[Rule, ...],
    Option("a list of the rules below, tried in their order", form="a list of rules", check=check_rules),
]
"""Where answers stand, an option of all graders that look for one."""


def check_word(key: str, value: object, known: Sequence[str]) -> None:
    """Refuse a word that is not one of those known.

    Raises:
        InputError: It is none of them.
    """
    if value not in known:
        raise InputError(
            f"{key}: found {quote(value)}{suggest(str(value), known)}; use one of {', '.join(known)}"
        )


def _check_type(key: str, value: object, known: Known) -> None:
    kind, words = _FORMS[str if get_origin(known.kind) is Literal else known.kind]
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise InputError(f"{key}: found {quote(value)}; use {known.option.form or words}")


def _check_value(key: str, value: Any, known: Known) -> None:
    if get_origin(known.kind) is Literal:
        check_word(key, value, get_args(known.kind))
    if known.option.check is not None:
        known.option.check(key, value)


def _split(hint: Any) -> tuple[Any, Option]:
    """Take apart a type and what is said of it."""
    if get_origin(hint) is not Annotated:
        return hint, Option()
    kind, *said = get_args(hint)
    return kind, next((one for one in said if isinstance(one, Option)), Option())


def _form(hint: Any) -> Any:
    """Bring a type to one that TOML has; a Literal stays, and None falls away, which no file can say."""
    if get_origin(hint) in {Union, UnionType}:
        (hint,) = (part for part in get_args(hint) if part is not NoneType)
    kind = get_origin(hint) or hint
    if kind is Literal:
        return hint
    if kind not in _FORMS:
        raise TypeError(
            f"{hint} is no type of an option; use one of {', '.join(map(str, _FORMS))}, or Literal"
        )
    return kind


def _default(field: "Field[Any]") -> Any:
    if field.default_factory is not MISSING:
        return field.default_factory()
    if field.default is MISSING:
        raise TypeError(f"the option {field.name} has no default")
    return field.default
