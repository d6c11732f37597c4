"""What pages show: their code blocks, and whether a command prints what stands there."""

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

_BLOCK = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', flags=re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A code block: its language, the title above it, and what it holds."""

    language: str
    title: str
    text: str


def blocks_of(page: Path) -> list[Block]:
    """All code blocks of a page, in their order."""
    return [Block(*found) for found in _BLOCK.findall(page.read_text(encoding="utf-8"))]


def misplaced(shown: str, made: str) -> list[str]:
    """Parts of what is shown, parted by lines "...", that were not printed, or in another order."""
    parts = re.findall(r"(?:^(?!\.\.\.$).*\n)+", shown, flags=re.MULTILINE)
    assert parts, "nothing is shown"
    rest, missing = "\n" + made, []
    for part in parts:
        _, found, after = rest.partition("\n" + part)
        if found:
            rest = "\n" + after
        else:
            missing.append(part)
    return missing


def run_shown(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command of a page in a folder, as a user does, with this interpreter."""
    first, *rest = shlex.split(command)
    module = [] if first == "python" else ["-m", first]
    return subprocess.run(  # noqa: S603 - our own interpreter and pages
        [sys.executable, *module, *rest],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


def follow(page: Path, folder: Path) -> list[int]:
    """Do what a page says, block by block, and return the exit codes of its commands.

    A block with a title is written to the file of that name, or added to it ("NAME, at its end"); a console
    block is run line by line; a text block is what the last command prints.
    """
    made, codes = "", []
    for language, title, text in blocks_of(page):
        if title:
            name, _, end = title.partition(", ")
            file = folder / name
            file.parent.mkdir(exist_ok=True)
            file.write_text((file.read_text(encoding="utf-8") + "\n" if end else "") + text, encoding="utf-8")
        elif language == "console":
            for command in text.splitlines():
                result = run_shown(command, folder)
                made = result.stdout + result.stderr
                codes.append(result.returncode)
        elif language == "text":
            assert misplaced(text, made) == [], made
    return codes
