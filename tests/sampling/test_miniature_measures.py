"""What the scripts of the miniature measure: the temperature of an entropy, and pass@k of a model."""

import sys

import corpus
import evaluate
import match
import numpy as np
import pytest
from corpus import PROMPT
from miniature_texts import random_rows

from beyondbase.errors import InputError


def test_temperatures_meet_an_entropy() -> None:
    """That of two tokens whose logits are one apart has a formula."""

    def entropy(temperature: float) -> float:
        share = 1 / (1 + np.exp(-1 / temperature))
        return float(-share * np.log(share) - (1 - share) * np.log(1 - share))

    assert match.match(entropy, entropy(1.7)) == pytest.approx(1.7, abs=0.01)
    assert match.match(entropy, entropy(1.0)) == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize(
    ("wanted", "said"), [(0.9, "at temperature 1, more than"), (3.1, "at temperature 3, less")]
)
def test_no_temperature_is_named_where_none_meets(wanted: float, said: str) -> None:
    """A model that is more random than the base already, and one that stays less."""
    with pytest.raises(InputError, match=said):
        match.match(lambda temperature: temperature, wanted)


def test_a_model_is_evaluated_by_all_its_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three of four responses to the first problem are right; all to the second are legal, but miss."""
    rows = random_rows(2)
    prompts = rows[:, :PROMPT].copy()
    prompts[1, -1] += 1 if prompts[1, -1] + 1 < corpus.VOCABULARY else -1
    drawn = np.stack([rows[:, PROMPT:]] * 4, axis=1)
    drawn[0, 3, 1] = corpus.PAD
    monkeypatch.setattr(evaluate, "draw_many", lambda *_: drawn)

    right, legal = evaluate.passes(None, prompts, 4, 0)

    assert right.tolist() == [3, 0]
    assert legal == 7 / 8
    # A problem with three of four: one draw is right in 3 of 4 cases, four always.
    assert evaluate.row_of(right, legal, 4) == ["legal 88", "@1 37.5", "@4 50.0"]


@pytest.mark.parametrize(
    ("given", "said"), [(["gpt"], "invalid choice: 'gpt'"), (["base", "--count", "0"], "--count 0: found no")]
)
def test_an_evaluation_names_what_it_cannot_do(
    given: list[str], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A model that is not there, and no responses."""
    monkeypatch.setattr(sys, "argv", ["evaluate.py", *given])

    with pytest.raises(SystemExit):
        evaluate.main()

    assert said in capsys.readouterr().err
