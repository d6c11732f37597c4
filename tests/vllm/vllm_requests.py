"""What the tests of vLLM ask for, of the engine in this process and of a server alike."""

from beyondbase.engines import Request, VllmSettings
from beyondbase.study.draw import Draw

QUESTIONS = ("What is 6 times 7?", "Let x = 3.", "Please reason step by step about the apples that are left:")
SAMPLING = Draw(temperature=0.9, top_p=0.95, max_tokens=24, keep_tokens=True)
SETTINGS = VllmSettings(cpu_memory=1, max_model_len=256, in_flight=10, dtype="float32", gpu_memory=0.3)


def requests(count: int) -> list[Request]:
    """Requests of prompts of different lengths."""
    return [Request(f"p{i % 3}", i // 3, 1000 + i, QUESTIONS[i % 3]) for i in range(count)]


def question_of(problem_id: str) -> str:
    """The prompt behind a problem of `requests`."""
    return QUESTIONS[int(problem_id[1])]
