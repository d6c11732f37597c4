"""An arm on one task as its study asks for it, made once and handed on; and whether a set was sampled so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from beyondbase.completions import Problem
from beyondbase.errors import InputError
from beyondbase.evidence.problems import check_names
from beyondbase.hub import is_folder
from beyondbase.messages import quote, suggest
from beyondbase.store import SampleSet, set_folder
from beyondbase.store.identity import differences
from beyondbase.store.layout import SET_FILE
from beyondbase.store.sidecars import prompt_digest, question_part, read_prompts
from beyondbase.study import Study
from beyondbase.study.arms import Arm, Key
from beyondbase.study.draw import Draw
from beyondbase.study.tables import Sampling
from beyondbase.tasks import Prompt, Template, find_template, render
from beyondbase.tasks.prompts import PLACEHOLDER
from beyondbase.weights import weights_digest


@dataclass(frozen=True, eq=False)
class SampledArm:
    """An arm on one task: what it is asked, how it is drawn, and where its completions lie.

    What follows from the study is worked out where it is first needed, and once: a set that was imported has
    neither draw nor template, and the digest of an adapter takes time.

    Attributes:
        study: The study, for its limits and for the path that messages name.
        arm: The name of the arm.
        folder: Where its sample set lies, or would.
    """

    study: Study
    task: str
    arm: str
    folder: Path

    @property
    def key(self) -> Key:
        """What names it among the sets of its study."""
        return self.task, self.arm

    @property
    def said(self) -> Arm:
        """What the study says of the arm itself."""
        return self.study.arms[self.arm]

    @property
    def recipe(self) -> Sampling:
        """The table [sampling] of its study.

        Raises:
            InputError: There is none.
        """
        return recipe_of(self.study)

    @property
    def base(self) -> "SampledArm":
        """The arm that it starts from, on the same task; itself if it is a base."""
        name = self.study.base_of(self.arm)
        return self if name == self.arm else self.beside(name)

    @property
    def there(self) -> bool:
        """Whether it has a sample set."""
        return (self.folder / SET_FILE).exists()

    @property
    def n(self) -> int | None:
        """How many completions of each problem count; None for all, where the study draws none."""
        return None if self.study.sampling is None else self.wanted

    @property
    def wanted(self) -> int:
        """How many completions of each problem the study asks for.

        Raises:
            InputError: The study has no table [sampling].
        """
        return self.recipe.n if self.said.n is None else self.said.n

    @cached_property
    def draw(self) -> Draw:
        """How its completions are drawn: as [sampling] says, but for what the arm says itself."""
        recipe, arm = self.recipe, self.said
        return Draw(
            temperature=recipe.temperature if arm.temperature is None else arm.temperature,
            max_tokens=recipe.max_tokens if arm.max_tokens is None else arm.max_tokens,
            top_p=recipe.top_p if arm.top_p is None else arm.top_p,
            top_k=recipe.top_k,
            stop_lines=recipe.stop_lines,
            stop_token_ids=recipe.stop_token_ids,
        )

    @cached_property
    def template(self) -> Template:
        """What its prompts are made from.

        Raises:
            InputError: There is no template of that name, or it has no place for a system message.
        """
        prompt, system = self.said.prompt or self.recipe.prompt, self.recipe.system
        if PLACEHOLDER in prompt:
            return Template(prompt, chat=system is not None, system=system)
        return find_template(prompt, system=system)

    @cached_property
    def model(self) -> str:
        """Its model: a folder beside the study file if there is one, else a name of the Hub."""
        return beside(self.study, self.said.model)

    @cached_property
    def settings(self) -> Mapping[str, Any]:
        """What the study itself says of how it is sampled, as it stands in the identity of its set."""
        template, recipe = self.template, self.recipe
        prompt = {"text": template.text, "chat": template.chat, "system": template.system}
        asked = {
            "revision": self.said.revision,
            "adapter": self._adapter(),
            "engine": self.study.engine.matters(),
        }
        # Sets of seed 0 are named without it, as those that were drawn before there was this key.
        seed = {"seed": recipe.seed} if recipe.seed else {}
        return {"sampling": dict(self.draw.identity()), "prompt": prompt, "asked": asked, **seed}

    def beside(self, arm: str) -> "SampledArm":
        """Give another arm of the study on the same task."""
        return SampledArm(self.study, self.task, arm, set_folder(samples_of(self.study), self.task, arm))

    def read(self) -> SampleSet:
        """Read its sample set, which is there.

        Raises:
            InputError: The set is damaged.
        """
        return SampleSet.read(self.folder)

    def prompts(self, problems: Sequence[Problem], tokenizer: Any) -> dict[str, Prompt]:
        """Render what it is asked, by problem.

        Raises:
            InputError: The tokenizer has no chat template where one is needed.
        """
        return {item.id: render(self.template, item.question, tokenizer) for item in problems}

    def check_settings(self, store: SampleSet) -> None:
        """Refuse a set that was sampled otherwise than the study says now.

        Versions, which only a running engine knows, are not compared here; nothing is of a set that another
        tool drew.

        Raises:
            InputError: Names the settings that differ.
        """
        if self.study.sampling is None or "sampling" not in store.identity:
            return
        asked = {"seed": 0, **self.settings, **self._model_asked(store.identity)}
        known = {"seed": 0, **store.identity}
        changes = differences(asked, {key: known.get(key) for key in asked})
        if changes:
            remedy = "restore these settings in the study, or sample into another folder ([evidence] samples)"
            found = f"was sampled with other settings: {'; '.join(changes)}"
            raise InputError(f"{store.folder}: {found}; {remedy}")

    def check_asked(self, store: SampleSet, problems: Sequence[Problem]) -> None:
        """Refuse problems that are not those that a set was asked.

        Raises:
            InputError: A question changed, or a problem that was sampled is not there any more.
        """
        if self.study.sampling is None or "sampling" not in store.identity:
            return
        asked = {name: prompt_digest(prompt) for name, prompt in self.prompts(problems, None).items()}
        known = read_prompts(store.folder) or {}
        lost = [name for name in known if name not in asked]
        changed = [name for name in known if name in asked and question_part(known[name]) != asked[name]]
        for name in (*lost, *changed):
            found = "is not in the task any more" if name in lost else "was asked with another prompt before"
            remedy = "restore it, or sample into another folder ([evidence] samples)"
            raise InputError(f"{store.folder}: problem {quote(name)} {found}; {remedy}")

    def _adapter(self) -> str | None:
        """The name of an adapter, and a digest where it is a folder."""
        name = self.said.adapter
        if name is None:
            return None
        folder = Path(beside(self.study, name))
        return f"{folder.name} {weights_digest(folder)}" if folder.is_dir() else name

    def _model_asked(self, identity: Mapping[str, Any]) -> dict[str, Any]:
        engine, name = self.study.engine, self.said.model
        if not engine.loads_weights:
            return {"model": engine.called(name)}
        if identity.get("weights") is None:
            return {"model": name}
        folder = Path(self.model)
        weights = {"weights": weights_digest(folder)} if folder.is_dir() else {}
        return {"model": folder.resolve().name, **weights}


def sampled_arm(study: Study, task: str, arm: str) -> SampledArm:
    """Give one arm on one task.

    Raises:
        InputError: The study is not judged on samples.
    """
    return SampledArm(study, task, arm, set_folder(samples_of(study), task, arm))


def sampled_arms(study: Study, *, tasks: Sequence[str] = (), arms: Sequence[str] = ()) -> list[SampledArm]:
    """List what a study samples, arm by arm and task by task; some of it if names are given.

    Raises:
        InputError: The study has no such task or arm, or is not judged on samples.
    """
    samples = samples_of(study)
    sampled = [name for name, arm in study.arms.items() if arm.role != "guess"]
    for option, names, known in (("--task", tasks, [*study.tasks]), ("--arm", arms, sampled)):
        for name in names:
            if name not in known:
                use = f"use one of {', '.join(known)}{suggest(name, known)}"
                raise InputError(f"{option}: found {quote(name)}, which {study.path} does not sample; {use}")
    return [
        SampledArm(study, task, arm, set_folder(samples, task, arm))
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


def beside(study: Study, name: str) -> str:
    """Give the path of a folder beside the study file if there is one of that name, else the name itself."""
    folder = study.path.parent / name
    return str(folder) if is_folder(folder) else name
