"""What a study asks of an arm (model, engine, words, draw), and whether a set was sampled like that."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from beyondbase.completions import Problem
from beyondbase.errors import InputError
from beyondbase.evidence.problems import check_names, load_problems
from beyondbase.hub import is_folder
from beyondbase.messages import quote, suggest
from beyondbase.store import SampleSet
from beyondbase.store.identity import differences
from beyondbase.store.prompts import prompt_digest, question_part, read_prompts
from beyondbase.study import Study
from beyondbase.study.arms import Arm, Key
from beyondbase.study.draw import Draw
from beyondbase.study.tables import Sampling
from beyondbase.tasks import Prompt, Template, find_template, render
from beyondbase.tasks.prompts import PLACEHOLDER
from beyondbase.weights import weights_digest


def chosen(study: Study, *, tasks: Sequence[str] = (), arms: Sequence[str] = ()) -> list[Key]:
    """List the sample sets of a study as (task, arm), arm by arm; some of them if names are given.

    Raises:
        InputError: The study has no such task or arm, or is not judged on samples.
    """
    samples_of(study)
    sampled = [name for name, arm in study.arms.items() if arm.role != "guess"]
    for option, names, known in (("--task", tasks, [*study.tasks]), ("--arm", arms, sampled)):
        for name in names:
            if name not in known:
                use = f"use one of {', '.join(known)}{suggest(name, known)}"
                raise InputError(f"{option}: found {quote(name)}, which {study.path} does not sample; {use}")
    return [
        (task, arm)
        for arm in sampled
        for task in study.tasks
        if arm in (arms or sampled) and task in (tasks or study.tasks)
    ]


def samples_of(study: Study) -> Path:
    """Name the folder of a study's samples.

    Raises:
        InputError: The study is judged on counts, or a name is too long for a folder.
    """
    if study.samples is None:
        use = 'add samples = "samples", the folder of completions'
        raise InputError(f"{study.path}: [evidence] samples: missing; {use}")
    check_names(study)
    return study.samples


def recipe_of(study: Study) -> Sampling:
    """Give the table [sampling] of a study.

    Raises:
        InputError: There is none.
    """
    if study.sampling is None:
        raise InputError(f"{study.path}: found no table [sampling]; add one with n and max_tokens")
    return study.sampling


def n_of(study: Study, arm: str) -> int:
    """Say how many completions of each problem an arm is to give.

    Raises:
        InputError: The study has no table [sampling].
    """
    recipe, own = recipe_of(study), study.arms[arm].n
    return recipe.n if own is None else own


def check_settings(study: Study, arm: str, store: SampleSet) -> None:
    """Refuse a set that was sampled otherwise than the study says now.

    Versions, which only a running engine knows, are not compared here; nothing is of a set that another
    tool drew.

    Raises:
        InputError: Names the settings that differ.
    """
    if study.sampling is None or "sampling" not in store.identity:
        return
    asked = {"seed": 0} | settings_of(study, arm) | _model_asked(study, arm, store.identity)
    known = {"seed": 0, **store.identity}
    changes = differences(asked, {key: known.get(key) for key in asked})
    if changes:
        remedy = "restore these settings in the study, or sample into another folder ([evidence] samples)"
        raise InputError(f"{store.folder}: was sampled with other settings: {'; '.join(changes)}; {remedy}")


def check_asked(study: Study, arm: str, store: SampleSet, problems: Sequence[Problem]) -> None:
    """Refuse problems that are not those that a set was asked.

    Raises:
        InputError: A question changed, or a problem that was sampled is not there any more.
    """
    if study.sampling is None or "sampling" not in store.identity:
        return
    template = template_of(study.sampling, study.arms[arm])
    asked = {problem.id: prompt_digest(render(template, problem.question)) for problem in problems}
    known = read_prompts(store.folder) or {}
    lost = [name for name in known if name not in asked]
    changed = [name for name in known if name in asked and question_part(known[name]) != asked[name]]
    for name in (*lost, *changed):
        found = "is not in the task any more" if name in lost else "was asked with another prompt before"
        remedy = "restore it, or sample into another folder ([evidence] samples)"
        raise InputError(f"{store.folder}: problem {quote(name)} {found}; {remedy}")


def model_of(study: Study, arm: str) -> str:
    """Give the model of an arm: a folder beside the study file if there is one, else a name of the Hub."""
    return beside(study, study.arms[arm].model)


def prompts_of(study: Study, task: str, arm: str, tokenizer: Any) -> dict[str, Prompt]:
    """Render what an arm is asked, by problem.

    Raises:
        InputError: The problems cannot be loaded, or the tokenizer has no chat template where one is needed.
    """
    template = template_of(recipe_of(study), study.arms[arm])
    return {item.id: render(template, item.question, tokenizer) for item in load_problems(study, task)}


def settings_of(study: Study, arm: str) -> dict[str, Any]:
    """Give what the study itself says of how an arm is sampled, as it stands in the set's identity."""
    recipe, this = recipe_of(study), study.arms[arm]
    template = template_of(recipe, this)
    prompt = {"text": template.text, "chat": template.chat, "system": template.system}
    adapter, engine = _adapter(study, arm), study.engine.matters()
    asked = {"revision": this.revision, "adapter": adapter, "engine": engine}
    # Sets of seed 0 are named without it, as those that were drawn before there was this key.
    seed = {"seed": recipe.seed} if recipe.seed else {}
    return {"sampling": dict(draw_of(recipe, this).identity()), "prompt": prompt, "asked": asked, **seed}


def _adapter(study: Study, arm: str) -> str | None:
    """The name of an adapter, and a digest where it is a folder."""
    name = study.arms[arm].adapter
    if name is None:
        return None
    folder = Path(beside(study, name))
    return f"{folder.name} {weights_digest(folder)}" if folder.is_dir() else name


def _model_asked(study: Study, arm: str, identity: Mapping[str, Any]) -> dict[str, Any]:
    model = study.arms[arm].model
    if not study.engine.loads_weights:
        return {"model": study.engine.called(model)}
    if identity.get("weights") is None:
        return {"model": model}
    folder = Path(model_of(study, arm))
    weights = {"weights": weights_digest(folder)} if folder.is_dir() else {}
    return {"model": folder.resolve().name, **weights}


def beside(study: Study, name: str) -> str:
    """Give the path of a folder beside the study file if there is one of that name, else the name itself."""
    folder = study.path.parent / name
    return str(folder) if is_folder(folder) else name


def draw_of(recipe: Sampling, arm: Arm) -> Draw:
    """Say how an arm's completions are drawn: as the recipe says, but for what the arm says itself."""
    return Draw(
        temperature=recipe.temperature if arm.temperature is None else arm.temperature,
        max_tokens=recipe.max_tokens if arm.max_tokens is None else arm.max_tokens,
        top_p=recipe.top_p if arm.top_p is None else arm.top_p,
        top_k=recipe.top_k,
        stop_lines=recipe.stop_lines,
        stop_token_ids=recipe.stop_token_ids,
    )


def template_of(recipe: Sampling, arm: Arm) -> Template:
    """Give the prompt of an arm.

    Raises:
        InputError: There is no template of that name, or it has no place for a system message.
    """
    prompt = arm.prompt or recipe.prompt
    if PLACEHOLDER in prompt:
        return Template(prompt, chat=recipe.system is not None, system=recipe.system)
    return find_template(prompt, system=recipe.system)
