"""Problems and prompts: benchmarks of the Hub, reasoning-gym, a user's own files."""

from beyondbase.tasks.benchmarks import (
    AnswerType,
    Benchmark,
    Columns,
    Layout,
    all_benchmarks,
    find_benchmark,
)
from beyondbase.tasks.gym import gym_version, load_gym
from beyondbase.tasks.load import load_benchmark, load_file, load_hub
from beyondbase.tasks.problems import problems_digest
from beyondbase.tasks.prompts import (
    Chat,
    Prompt,
    Template,
    all_templates,
    find_template,
    prompts_digest,
    render,
)

__all__ = [
    "AnswerType",
    "Benchmark",
    "Chat",
    "Columns",
    "Layout",
    "Prompt",
    "Template",
    "all_benchmarks",
    "all_templates",
    "find_benchmark",
    "find_template",
    "gym_version",
    "load_benchmark",
    "load_file",
    "load_gym",
    "load_hub",
    "problems_digest",
    "prompts_digest",
    "render",
]
