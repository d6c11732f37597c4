"""Why a set of completions is no evidence, beside its health: unfinished, or no match for its base's."""

from collections.abc import Iterator, Mapping
from typing import Any

from beyondbase.evidence.sampled_arm import SampledArm
from beyondbase.messages import quote
from beyondbase.store import SampleSet
from beyondbase.store.sidecars import read_prompts, rows_expected
from beyondbase.study.engine_settings import engine_model


def unfinished(arm: SampledArm, store: SampleSet, *, found: int, problems: int) -> Iterator[str]:
    """Say that a set holds less than the study asks for, or than the files that it was imported from."""
    drawn = arm.n is not None
    wanted = arm.wanted * problems if drawn else rows_expected(store.folder)
    if wanted is None or found >= wanted:
        return
    use = "run the same beyondbase import again"
    if drawn:
        use = f"run beyondbase sample --study {arm.study.path} again"
    yield (
        f"arm {arm.arm!r} on {arm.task!r} has {found:,} of {wanted:,} completions: {use}, it goes on where it"
        " stopped"
    )


def same_prompts(arm: SampledArm, store: SampleSet) -> bool | None:
    """Tell whether an arm was asked in the very words of its base; None for bases, or where not known."""
    base = arm.base
    if base is arm or _templated_by_server(store.identity):
        return None
    ours, theirs = read_prompts(store.folder), read_prompts(base.folder)
    if ours is None or theirs is None:
        return None
    return all(theirs.get(name, digest) == digest for name, digest in ours.items())


def _templated_by_server(identity: Mapping[str, Any]) -> bool:
    """Whether messages went to a server, which puts a chat template around them that nobody here knows."""
    chat = identity.get("prompt", {}).get("chat", False)
    engine = identity.get("asked", {}).get("engine", {})
    return bool(chat and engine_model(engine).hides_prompts(engine))


def drawn_otherwise(arm: SampledArm, store: SampleSet) -> Iterator[str]:
    """Say in which settings an arm differs from its base, though neither of the two says so."""
    base = arm.base
    if arm.study.health.mixed or base is arm or not base.there:
        return
    ours, theirs = (_draw_of(identity) for identity in (store.identity, base.read().identity))
    said = {
        name
        for name in ("temperature", "top_p", "max_tokens")
        if any(getattr(one.said, name) is not None for one in (arm, base))
    }
    for name in sorted((ours.keys() & theirs.keys()) - said):
        if ours[name] != theirs[name]:
            yield (
                f"arm {arm.arm!r} on {arm.task!r} was drawn with {name} {quote(ours[name])}, its base"
                f" {base.arm!r} with {quote(theirs[name])}: draw both alike, or state temperature, top_p or"
                " max_tokens on the arm where that is meant, or set [health] mixed = true"
            )


def _draw_of(identity: Mapping[str, Any]) -> dict[str, Any]:
    """What completions hang on beside model and prompt, as far as a set says it."""
    imported = identity.get("imported", {})
    drawn = imported.get("sampling") if isinstance(imported, Mapping) else None
    found = dict(identity.get("sampling") or drawn or {})
    return found | {
        name: identity[name]
        for name in ("engine", "engine_version", "dtype")
        if identity.get(name) is not None
    }


def asked_otherwise(arm: SampledArm, *, same: bool | None) -> Iterator[str]:
    """Say that an arm was asked in other words than its base, though neither of the two says so."""
    base = arm.base
    if same is False and arm.said.prompt is None and base.said.prompt is None:
        yield (
            f"arm {arm.arm!r} on {arm.task!r} was asked in other words than {base.arm!r}, as chat templates"
            " do that differ: use a prompt that is no chat, or give one of the two arms a prompt of its own"
        )
