"""docs/tutorial.md shows what happens: a reader who does what it says sees what it shows."""

from pathlib import Path

from shown_output import blocks_of, follow

PAGE = Path(__file__).parents[1] / "docs" / "tutorial.md"


def test_a_reader_who_does_it_all_sees_what_is_shown(tmp_path: Path) -> None:
    """Files, commands and output of the page, in its order; the gate fails once and is then content."""
    assert follow(PAGE, tmp_path) == [0, 0, 0, 1, 0]
    assert (tmp_path / "reports" / "index.html").is_file()


def test_the_page_shows_what_commands_print() -> None:
    """There is something to hold it to."""
    assert [block.language for block in blocks_of(PAGE)].count("text") == 4
