"""Strategies: answers in the forms that models write them, with what they are worth."""

from fractions import Fraction

from hypothesis import strategies as st

WHOLE = st.integers(-9999, 9999)
DIGIT = st.integers(2, 9)


def _fraction(top: int, bottom: int) -> list[str]:
    sign, top = "-" if top < 0 else "", abs(top)
    texts = [
        rf"{sign}\frac{{{top}}}{{{bottom}}}",
        rf"{sign}\dfrac{{{top}}}{{{bottom}}}",
        f"{sign}{top}/{bottom}",
    ]
    whole, rest = divmod(top, bottom)
    if whole and rest:
        texts += [rf"{sign}{whole}\frac{{{rest}}}{{{bottom}}}", f"{sign}{whole} {rest}/{bottom}"]
    return texts


@st.composite
def numbers(draw: st.DrawFn) -> tuple[str, Fraction]:
    """A number in some notation, and its value."""
    kind = draw(st.sampled_from(["whole", "thousands", "fraction", "decimal", "science", "code", "percent"]))
    value = draw(WHOLE)
    if kind == "whole":
        return str(value), Fraction(value)
    if kind == "thousands":
        return f"{value * 1000 + 7:,}", Fraction(value * 1000 + 7)
    if kind == "fraction":
        bottom = draw(st.integers(2, 99))
        return draw(st.sampled_from(_fraction(value, bottom))), Fraction(value, bottom)
    places = draw(st.integers(1, 4))
    decimal = Fraction(value, 10**places)
    text = f"{'-' if value < 0 else ''}{abs(value) // 10**places}.{abs(value) % 10**places:0{places}d}"
    if kind == "decimal":
        return text, decimal
    if kind == "percent":
        return rf"{text}\%", decimal / 100
    power = draw(st.integers(-30, 30))
    ten = rf" \times 10^{{{power}}}" if kind == "science" else f"e{power}"
    return text + ten, decimal * Fraction(10) ** power


@st.composite
def polynomials(draw: st.DrawFn) -> list[int]:
    """Coefficients, from the constant on, not all zero."""
    return draw(st.lists(st.integers(-9, 9), min_size=2, max_size=5).filter(any))


def spell(coefficients: list[int], *, descending: bool = True, code: bool = False) -> str:
    """Write a polynomial in x."""
    terms = []
    for power, factor in enumerate(coefficients):
        if factor:
            x = ["", "x", f"x**{power}" if code else f"x^{{{power}}}"][min(power, 2)]
            number = str(abs(factor)) if not x or abs(factor) != 1 else ""
            terms.append(("-" if factor < 0 else "+", number + ("*" if code and number and x else "") + x))
    text = " ".join(f"{sign} {term}" for sign, term in (terms[::-1] if descending else terms))
    return text.removeprefix("+ ")


ANSWER = st.one_of(
    numbers().map(lambda each: each[0]),
    polynomials().map(spell),
    st.builds(r"{}\sqrt{{{}}}".format, DIGIT, st.integers(2, 99)),
    st.builds(r"\frac{{{}\pi}}{{{}}}".format, DIGIT, st.integers(2, 99)),
    st.builds("({}, {})".format, WHOLE, WHOLE),
    st.builds("[{}, {})".format, st.integers(-99, 0), st.integers(1, 99)),
    st.builds("x = {}".format, WHOLE),
    st.builds("{}, {}".format, WHOLE, WHOLE),
    st.builds(r"{} \pm \sqrt{{{}}}".format, DIGIT, st.integers(2, 99)),
    st.builds(r"\begin{{pmatrix}} {} \\ {} \end{{pmatrix}}".format, WHOLE, WHOLE),
    st.builds("{}:{}:{}".format, DIGIT, DIGIT, DIGIT),
    st.builds(r"{} \text{{ cm}}^{}".format, WHOLE, st.integers(2, 3)),
    st.builds(r"{} \le x < {}".format, st.integers(-99, 0), st.integers(1, 99)),
)
