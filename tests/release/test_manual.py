"""The manual pages say what the program says: none of its subcommands, statuses and settings is left out."""

import re
import subprocess

import pytest

import harness


@pytest.fixture(scope="session")
def usage():
    return subprocess.run([harness.TMINUS, "help"], stdout=subprocess.PIPE, text=True, check=True).stdout


def section(page, name):
    """What stands below one heading of a page."""
    return re.search(rf"^\.Sh {name}\n(.*?)(?=^\.Sh |\Z)", page, re.DOTALL | re.MULTILINE)[1]


def test_every_subcommand_is_in_the_manual(manual, usage):
    offered = re.findall(r"^  tminus (\w+)", usage, re.MULTILINE)
    assert re.findall(r"^\.It Cm (\w+)", manual["tminus.1"], re.MULTILINE) == offered


def test_every_status_of_the_readme_is_in_the_manual(manual):
    readme = re.search(r"^## Exit statuses\n(.*?)^## ", (harness.ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE)[1]
    rows = [number for row in re.findall(r"^\| ([\d, ]+) \|", readme, re.MULTILINE) for number in row.split(", ")]
    statuses = section(manual["tminus.1"], "EXIT STATUS")
    assert re.findall(r"^\.It (\d+)$", statuses, re.MULTILINE) == rows


def test_every_setting_is_in_the_manual_with_its_default(manual, usage):
    offered = re.findall(r"^  (\w+) = <?(.+?)>?  ", usage, re.MULTILINE)
    listed = re.findall(r'^\.It Ic "(\w+)" No = (?:Li|Ar) "(.*)"$', manual["tminus.ini.5"], re.MULTILINE)
    assert offered and listed == offered


def test_the_pages_carry_the_date_of_the_release(manual):
    changelog = (harness.ROOT / "CHANGELOG.md").read_text()
    year, _, day = re.search(r"^## \[\d[^]]*\] - (.*)$", changelog, re.MULTILINE)[1].split("-")
    for page in manual.values():
        assert re.match(rf"\.Dd \w+ {int(day)}, {year}\n", page)
