"""Optional libraries: there, or one line that says what to install."""

import json
import sys
from pathlib import Path

import pytest

from beyondbase.errors import InputError
from beyondbase.extras import require


def test_a_library_that_is_there_is_imported() -> None:
    """The module itself comes back, also a part of a library."""
    assert require("json", "any") is json
    assert require("os.path", "any").join("a", "b") == str(Path("a", "b"))


@pytest.mark.parametrize("module", ["no_such_library", "no_such_library.part"])
def test_a_missing_library_names_its_extra(module: str) -> None:
    """The message says what is missing and what to type."""
    with pytest.raises(InputError) as caught:
        require(module, "vllm")
    remedy = "it needs an extra: pip install 'beyondbase[vllm]'"
    assert str(caught.value) == f"no_such_library is not installed, {remedy}"


def test_a_broken_library_speaks_for_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that is installed but lacks a library of its own is not called missing."""
    (tmp_path / "half_a_library.py").write_text("import no_such_dependency\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "half_a_library", raising=False)
    with pytest.raises(ModuleNotFoundError, match="no_such_dependency"):
        require("half_a_library", "any")
