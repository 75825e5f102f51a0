"""Each fuzz target reads the files in the folder of its name: no crash, no leak, no undefined behaviour."""

import subprocess

import pytest

import harness

FUZZ = harness.ROOT / "tests" / "fuzz"
BUILT = harness.ROOT / "build" / "asan" / "tests" / "fuzz"


@pytest.mark.parametrize("name", sorted(source.stem for source in FUZZ.glob("fuzz_*.c")))
def test_a_target_takes_all_of_its_corpus(name):
    corpus = sorted((FUZZ / name).iterdir())
    run = subprocess.run([BUILT / name, *corpus], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout == f"{len(corpus)} files\n" != "0 files\n"
