"""When an answer to a reasoning-gym problem is right, for datasets whose scorers we do not use.

Some scorers run the text as Python. Some accept what is wrong: number_sorting numbers that are off by one,
game_of_life_halting any answer at all, figlet_font a wrong word of ten letters, coin_flip a probability
of 0 for one below 0.0001, puzzle24 numbers that were not given, game_of_life a board with rows to spare,
polynomial_equations any text where there is no solution. Some lose points over a blank. For the rest the
default scorer would do, were partial credit and blanks not in its way.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from beyondbase.graders.arithmetic import NotArithmetic, evaluate

Rule = Callable[[str, str, Mapping[str, Any]], bool]
_DECIMAL = re.compile(r"[+-]?(?:[0-9]{1,60}(?:\.[0-9]{0,60})?|\.[0-9]{1,60})(?:[eE][+-]?[0-9]{1,3})?")
_RATIO = re.compile(r"([+-]?[0-9]{1,60})\s*/\s*([0-9]{1,60})")
# Two polynomials of bounded size that agree at such points are one polynomial.
_POINTS = (1_000_003, 1_000_033, 1_000_037, 1_000_039)


def same_text(gold: str, answer: str, _metadata: Mapping[str, Any]) -> bool:
    """Line by line and word by word the same, numbers by their value."""
    return _words(gold) == _words(answer)


def same_letters(gold: str, answer: str, metadata: Mapping[str, Any]) -> bool:
    """The same words, in either case."""
    return same_text(gold.casefold(), answer.casefold(), metadata)


def same_number(gold: str, answer: str, _metadata: Mapping[str, Any]) -> bool:
    """The same number; commas between thousands and a sign of currency do not count."""
    wanted, found = (number(text.replace(",", "").strip().removeprefix("$")) for text in (gold, answer))
    return wanted is not None and wanted == found


def same_probability(gold: str, answer: str, _metadata: Mapping[str, Any]) -> bool:
    """The same number, as a decimal or a ratio, but for the rounding of the gold one to ten digits."""
    wanted, found = number(gold), number(answer)
    return wanted is not None and found is not None and abs(wanted - found) <= abs(wanted) / 10**9


def same_list(gold: str, answer: str, _metadata: Mapping[str, Any]) -> bool:
    """The same items in the same order, quoted or not."""
    return _items(gold) == _items(answer)


def same_solutions(gold: str, answer: str, _metadata: Mapping[str, Any]) -> bool:
    """The same numbers in any order; where there are none, an empty pair of quotes says so."""
    return Counter(_items(gold)) == Counter(_items(answer))


def same_json(gold: str, answer: str, _metadata: Mapping[str, Any]) -> bool:
    """The same JSON."""
    try:
        return bool(json.loads(gold) == json.loads(answer))
    except (ValueError, RecursionError):
        return False


def same_integer(gold: str, answer: str, _metadata: Mapping[str, Any]) -> bool:
    """The same whole number, in hexadecimal (0x), binary (0b) or decimal."""
    try:
        return int(gold.strip(), 0) == int(answer.strip(), 0)
    except ValueError:
        return False


def same_factors(gold: str, answer: str, _metadata: Mapping[str, Any]) -> bool:
    """The same factors in any order, between signs of multiplication."""
    wanted, found = (
        sorted(part.strip() for part in re.split(r"×|\*|·|\bx\b|\\times\b|\\cdot\b", text))  # noqa: RUF001 - what models write
        for text in (gold, answer)
    )
    return wanted == found


def same_polynomial(gold: str, answer: str, _metadata: Mapping[str, Any]) -> bool:
    """The same polynomial, in any form."""
    letters = sorted(set(re.findall(r"[A-Za-z]", gold)))
    try:
        for start in range(3):
            values = {letter: _POINTS[(start + at) % 4] + 7 * at for at, letter in enumerate(letters)}
            if evaluate(gold, values).value != evaluate(answer, values).value:
                return False
    except NotArithmetic:
        return False
    return True


def one_of_boards(_gold: str, answer: str, metadata: Mapping[str, Any]) -> bool:
    """One of the boards that the problem lists as right."""
    return any(_words(board) == _words(answer) for board in metadata["valid_answers"])


def reaches_target(_gold: str, answer: str, metadata: Mapping[str, Any]) -> bool:
    """Arithmetic that uses every given number exactly once and comes to the target (24 where none is set)."""
    try:
        found = evaluate(answer)
    except NotArithmetic:
        return False
    return found.value == metadata.get("target", 24) and sorted(found.numbers) == sorted(metadata["numbers"])


def number(text: str) -> Fraction | None:
    """Read a decimal or a ratio of bounded size, exactly."""
    text = text.strip()
    if ratio := _RATIO.fullmatch(text):
        return Fraction(int(ratio[1]), int(ratio[2])) if int(ratio[2]) else None
    return Fraction(Decimal(text)) if _DECIMAL.fullmatch(text) else None


def _words(text: str) -> list[list[Fraction | str]]:
    lines = (line.split() for line in text.strip().splitlines())
    return [[_value(word) for word in line] for line in lines if line]


def _items(text: str) -> list[Fraction | str]:
    return [_value(item) for item in re.split(r"[\s,\[\]'\"]+", text) if item]


def _value(word: str) -> Fraction | str:
    found = number(word) if "/" not in word else None
    return word if found is None else found


def _table(**rules: Rule) -> dict[str, Rule]:
    return {name: rule for names, rule in rules.items() for name in _NAMES[names].split()}


_NAMES = {
    "text": """ab acre aiw arc_1d arc_agi base_conversion basic_arithmetic bf binary_alternation binary_matrix
        caesar_cipher circuit_logic count_bits count_primes course_schedule decimal_chain_sum emoji_mystery
        futoshiki game_of_life_halting gcd isomorphic_strings largest_island lcm leg_counting letter_counting
        mahjong_puzzle manipulate_matrix maze mini_sudoku modulo_grid number_sequence path_star pool_matrix
        ransom_note rearc rectangle_count rotate_matrix rotten_oranges self_reference simple_equations
        simple_geometry spiral_matrix string_insertion string_manipulation string_splitting string_synthesis
        sudoku survo syllogism word_sequence_reversal zebra_puzzles""",
    "letters": """color_cube_rotation dice family_relationships figlet_font letter_jumble needle_haystack
        sentence_reordering spell_backward tsumego""",
    "numbers": "chain_sum gsm_symbolic number_format products",
    "probability": "coin_flip",
    "lists": "list_functions number_filtering number_sorting",
    "solutions": "polynomial_equations",
    "json": "game_of_life",
    "integers": "bitwise_arithmetic",
    "factors": "prime_factorization",
    "polynomials": "polynomial_multiplication",
    "boards": "n_queens",
    "targets": "countdown puzzle24",
}
RULES = _table(
    text=same_text,
    letters=same_letters,
    numbers=same_number,
    probability=same_probability,
    lists=same_list,
    solutions=same_solutions,
    json=same_json,
    integers=same_integer,
    factors=same_factors,
    polynomials=same_polynomial,
    boards=one_of_boards,
    targets=reaches_target,
)
