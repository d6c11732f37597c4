"""Prompts: plain substitution, chat templates, and one token for the beginning."""

import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_model import make_tokenizer
from tokenizers import processors

from beyondbase.engines.tokens import encode_prompt
from beyondbase.errors import InputError
from beyondbase.tasks import Chat, Template, all_templates, find_template, prompts_digest, render


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    """A tokenizer that opens every text with <s>."""
    return make_tokenizer()


@given(question=st.text() | st.sampled_from(["{question}", "{0}", "%s %(q)s", "$x \\1 \\g<0> {{}}", "{"]))
def test_a_question_comes_out_unchanged(question: str) -> None:
    """Braces, percent signs, backslashes and the placeholder itself mean themselves."""
    for template in all_templates().values():
        before, after = template.text.split("{question}")
        rendered = render(template, question)
        text = rendered.messages[-1][1] if isinstance(rendered, Chat) else rendered
        assert text == before + question + after


def test_the_papers_template_is_as_published() -> None:
    """SimpleRL's prompt, letter by letter."""
    assert render(find_template("qwen-boxed"), "1 + 1?") == (
        "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n1 + 1?\nPlease reason "
        "step by step, and put your final answer within \\boxed{}.<|im_end|>\n<|im_start|>assistant\n"
    )


def test_dapos_template_is_that_of_its_first_weights() -> None:
    """It names the time limit, asks for an Answer line, and ends where the assistant begins."""
    text = str(render(find_template("dapo"), "1 + 1?"))
    assert "The time limit is set to 20,480 tokens." in text
    assert (
        "Answer: $Answer (without quotes) where $Answer is the answer to the problem.\n1 + 1?\nRemember"
        in text
    )
    assert text.endswith('on its own line after "Answer:".\nassistant')


def test_r1_zeros_template_asks_for_tags() -> None:
    """Reasoning and answer go into tags, and no chat goes around it."""
    text = str(render(find_template("r1-zero"), "1 + 1?"))
    assert text.endswith("<answer> answer here </answer>.\nUser: 1 + 1?\nAssistant:")


def test_a_chat_is_wrapped_by_the_tokenizer(tokenizer: Any) -> None:
    """The model's own template goes around system and question, ready for the answer."""
    template = find_template("chat", system="Be brief.")
    assert render(template, "1 + 1?", tokenizer) == (
        "<s><|system|>\nBe brief.<|end|>\n<|user|>\n1 + 1?<|end|>\n<|assistant|>\n"
    )


def test_a_chat_without_a_tokenizer_is_messages() -> None:
    """A server wraps them itself."""
    assert render(find_template("chat"), "1 + 1?") == Chat((("user", "1 + 1?"),))


def test_a_prompt_has_one_beginning(tokenizer: Any) -> None:
    """A prompt that holds <s> already gets no second one; one without gets one."""
    chat = render(find_template("chat"), "Hi", tokenizer)
    for prompt in ("Hi", "<s>Hi", chat, Chat((("user", "Hi"),))):
        ids = encode_prompt(tokenizer, prompt)
        assert ids.count(tokenizer.bos_token_id) == 1
        assert ids[0] == tokenizer.bos_token_id
    assert encode_prompt(tokenizer, "Hi") == encode_prompt(tokenizer, "<s>Hi")
    assert encode_prompt(tokenizer, "<s><s>Hi").count(tokenizer.bos_token_id) == 2


def test_token_ids_pass_unchanged(tokenizer: Any) -> None:
    """Where a prompt is exact, nothing is added."""
    assert encode_prompt(tokenizer, (5, 6)) == (5, 6)


def test_a_prompt_is_not_closed() -> None:
    """A tokenizer that closes every text with </s> does not end the completion before it begins."""
    tokenizer = make_tokenizer()
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 1)]
    )
    assert tokenizer.encode("Hi")[-1] == tokenizer.eos_token_id
    assert encode_prompt(tokenizer, "Hi")[-1] != tokenizer.eos_token_id
    assert encode_prompt(tokenizer, "Hi")[0] == tokenizer.bos_token_id


def test_an_empty_prompt_is_refused(tokenizer: Any) -> None:
    """A model cannot go on from nothing."""
    with pytest.raises(InputError, match="prompt: found no token"):
        encode_prompt(tokenizer, ())


def test_digest_is_that_of_lines_of_json() -> None:
    """Anybody can recompute it."""
    prompts = [("1", "a\n"), ("2", (3, 4)), ("3", Chat((("user", "é"),)))]
    text = '["1", "a\\n"]\n["2", [3, 4]]\n["3", [["user", "é"]]]\n'
    assert prompts_digest(prompts) == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"text": "no place"}, r"found \{question\} 0 times"),
        ({"text": "{question} {question}"}, r"found \{question\} 2 times"),
        ({"text": "{question}", "system": "x"}, "found a system message without chat = true"),
    ],
)
def test_a_template_of_the_users_own_is_checked(arguments: dict[str, Any], message: str) -> None:
    """The question stands in it once."""
    with pytest.raises(InputError, match=message):
        Template(**arguments)


def test_unknown_templates_are_refused_with_the_nearest() -> None:
    """The message lists the known ones."""
    with pytest.raises(
        InputError, match=r'found "qwen-box"; use one of qwen-boxed, .*did you mean "qwen-boxed"'
    ):
        find_template("qwen-box")


def test_a_tokenizer_without_a_chat_template_is_refused() -> None:
    """A base model may have none."""
    bare = make_tokenizer()
    bare.chat_template = None
    with pytest.raises(InputError, match="has no chat template; use a prompt without chat"):
        render(find_template("chat"), "Hi", bare)
    strict = make_tokenizer()
    strict.chat_template = "{{ raise_exception('no system message') }}"
    with pytest.raises(InputError, match=r"the chat template refuses these messages \(no system message\)"):
        render(find_template("chat"), "Hi", strict)
