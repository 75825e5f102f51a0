"""The conversions cover every row of what real scripts do, have each bug at least once, and are all told of."""

import re

import pytest

import bugs
from conversion import CASES, CONVERSIONS
from coverage import BUGS, ROWS
from harness import ROOT

DOCUMENT = (ROOT / "docs" / "conversions.md").read_text()


def numbers_by(words):
    """The numbers of the cases that have each word."""
    return {word: [case.name[:2] for case in CASES if word in words(case)] for word in
            dict.fromkeys(word for case in CASES for word in words(case))}


COVERED = numbers_by(lambda case: case.covers)
CAUGHT = numbers_by(lambda case: [bug["kind"] for bug in case.bugs])


def documented(first):
    """The rows of the table whose first column's title is first: its text to the numbers in its last column."""
    table = re.search(rf"^\| {first} \|.*\n\|[-|]+\n((?:\|.*\n)+)", DOCUMENT, re.MULTILINE)
    cells = [line.strip("|").split("|") for line in table[1].splitlines()]
    return {cell[0].strip().replace("`", ""): re.findall(r"\d\d", cell[-1]) for cell in cells}


def test_each_conversion_has_a_script_and_its_settings():
    assert len(CASES) == 24
    assert [case.name for case in CASES] == sorted(path.name for path in CONVERSIONS.iterdir() if path.is_dir())
    for case in CASES:
        assert (case.folder / "tminus.ini").exists()
        assert (case.folder / "entrypoint.sh").stat().st_mode & 0o111


def test_every_row_is_covered():
    assert {row: bool(COVERED.get(row)) for row in ROWS} == dict.fromkeys(ROWS, True)
    assert set(COVERED) == set(ROWS)


def test_every_bug_is_in_a_script():
    assert {kind: bool(CAUGHT.get(kind)) for kind in BUGS} == dict.fromkeys(BUGS, True)
    assert set(CAUGHT) <= set(bugs.KINDS)


def test_six_run_in_make_check():
    assert sum(case.quick for case in CASES) == 6


def test_the_document_has_every_row():
    assert documented("what scripts do") == {row.replace("`", ""): COVERED[row] for row in ROWS}


def test_the_document_has_every_bug():
    assert documented("bug") == {text: CAUGHT[kind] for kind, text in BUGS.items()}


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_the_document_tells_of_it(case):
    assert re.search(rf"^### \[{case.name}\]\(\.\./examples/conversions/{case.name}\)", DOCUMENT, re.MULTILINE)
