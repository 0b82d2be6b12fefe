"""Forms made for measuring, written as XLSForms: plain ones of any length, one like a verbal autopsy, one with a long list."""

from collections.abc import Iterator, Sequence

YES_NO = (("yes_no", "yes", "Yes"), ("yes_no", "no", "No"), ("yes_no", "dk", "I do not know"))
Row = Sequence[str]

_AGES = ("newborn", "child", "adult")
_SECTIONS = 24
_SYMPTOMS = 6


def plain(count: int) -> bytes:
    """A form of so many questions: choices, numbers, conditions on the answer before, and sums as it goes."""
    rows: list[Row] = [("type", "name", "label", "relevant", "constraint", "calculation")]
    for number in range(0, count, 5):
        before = f"${{n{number - 2}}} >= 0" if number else ""
        five = [
            ("select_one yes_no", f"q{number}", f"Do you have number {number}?", before, "", ""),
            ("integer", f"n{number + 1}", "How many have you?", f"${{q{number}}} = 'yes'", ". >= 0 and . < 100", ""),
            ("select_multiple yes_no", f"q{number + 2}", "Which of these?", f"${{n{number + 1}}} > 1", "", ""),
            ("integer", f"n{number + 3}", f"And in all, with {number}?", "", ". >= 0", ""),
            ("text", f"q{number + 4}", "Anything to say?", f"selected(${{q{number + 2}}}, 'dk')", "", ""),
        ]
        rows += five[: count - number]
        rows.append(("calculate", f"sum{number}", "", "", "", f"coalesce(${{n{number + 1}}}, 0) + ${{n{number + 3}}}"))
    return sheets(rows, YES_NO)


def autopsy() -> bytes:
    """A form like the WHO's verbal autopsy: several hundred questions, sections in groups for each age, a hundred sums."""
    rows: list[Row] = [("type", "name", "label", "relevant", "constraint", "calculation")]
    rows += [
        ("select_one yes_no", "consent", "Do you agree?", "", "", ""),
        ("text", "called", "What was the name?", "", "", ""),
        ("date", "born", "When was ${called} born?", "", ". <= today()", ""),
        ("date", "died", "When did ${called} die?", "", ". <= today() and . >= ${born}", ""),
        ("calculate", "lived", "", "", "", "int(${died} - ${born})"),
        ("calculate", "years", "", "", "", "int(${lived} div 365.25)"),
        ("calculate", "is_newborn", "", "", "", "if(${lived} < 28, 1, 0)"),
        ("calculate", "is_child", "", "", "", "if(${lived} >= 28 and ${years} < 12, 1, 0)"),
        ("calculate", "is_adult", "", "", "", "if(${years} >= 12, 1, 0)"),
        ("begin_group", "agreed", "", "${consent} = 'yes'", "", ""),
    ]
    for section in range(_SECTIONS):
        rows += _section(section)
    rows += [("end_group", "", "", "", "", ""), ("text", "story", "Tell us how ${called} died.", "", "", "")]
    rows.append(("calculate", "score", "", "", "", " + ".join(f"${{score{each}}}" for each in range(_SECTIONS))))
    rows.append(("note", "end", "Thank you. That makes ${score} of ${years} years.", "", "", ""))
    return sheets(rows, YES_NO)


def _section(section: int) -> Iterator[Row]:
    """Symptoms, each with what follows it, and sums of them; every other section is for one age only."""
    age = _AGES[section // 2 % 3] if section % 2 else ""
    yield "begin_group", f"part{section}", "", f"${{is_{age}}} = 1" if age else "", "", ""
    for number in range(_SYMPTOMS):
        name = f"s{section}_{number}"
        had = f"${{{name}}} = 'yes'"
        yield "select_one yes_no", name, f"Did ${{called}} have symptom {number + 1} of part {section + 1}?", "", "", ""
        yield "begin_group", f"more_{name}", "", had, "", ""
        yield "integer", f"{name}_days", "For how many days?", "", ". >= 0 and . <= ${lived}", ""
        yield "select_one yes_no", f"{name}_bad", "Was it severe?", f"${{{name}_days}} > 1", "", ""
        yield "end_group", "", "", "", "", ""
        if number % 2:
            both = f"{had} and ${{s{section}_{number - 1}}} = 'yes'"
            yield "calculate", f"{name}_both", "", "", "", f"if({both} and ${{{name}_days}} > 3, 1, 0)"
    total = " + ".join(f"${{s{section}_{number}_both}}" for number in range(1, _SYMPTOMS, 2))
    earlier = f" + ${{score{section - 1}}}" if section else ""
    yield "calculate", f"score{section}", "", "", "", f"{total}{earlier} div 2" if earlier else total
    yield "select_one yes_no", f"care{section}", "Was anyone asked for help?", f"${{score{section}}} > 0", "", ""
    yield "end_group", "", "", "", "", ""


def long_list(rows: int = 2_000, groups: int = 50) -> bytes:
    """A cascade: a place, then one of those in it out of a list of so many rows."""
    places = [("places", f"p{number}", f"Place {number}", "") for number in range(groups)]
    wards = [("wards", f"w{number}", f"Ward {number}", f"p{number % groups}") for number in range(rows)]
    survey = [
        ("type", "name", "label", "choice_filter"),
        ("select_one places", "place", "Which place?", ""),
        ("select_one wards", "ward", "Which ward?", "place = ${place}"),
        ("text", "story", "Tell us.", ""),
    ]
    return sheets(survey, [*places, *wards], ("list_name", "name", "label", "place"))


def sheets(survey: Sequence[Row], choices: Sequence[Row], head: Row = ("list_name", "name", "label")) -> bytes:
    """Write the sheets of an XLSForm in Markdown."""
    lines = [("survey", *survey[0]), *(("", *row) for row in survey[1:])]
    lines += [("choices", *head), *(("", *row) for row in choices)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines).encode()
