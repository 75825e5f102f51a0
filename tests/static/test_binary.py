"""The release binary itself, and an image that holds nothing else."""

import struct
import subprocess

import pytest

import harness

PT_DYNAMIC = 2
PT_INTERP = 3
PROGRAM_HEADERS = struct.Struct("<32xQ14xHH")  # of the ELF header: e_phoff, e_phentsize, e_phnum

LIMITS = {"postgres mysql sqlite": 3_000_000, "postgres mysql": 2_600_000, "": 250_000}


def segments(path):
    """The types of an ELF file's segments. elf(5)"""
    content = path.read_bytes()
    offset, size, count = PROGRAM_HEADERS.unpack_from(content)
    return [struct.unpack_from("<I", content, offset + number * size)[0] for number in range(count)]


def test_it_asks_for_no_loader_and_no_library(static_tminus):
    found = segments(static_tminus)
    assert found and not {PT_INTERP, PT_DYNAMIC} & set(found)


def test_with_all_drivers_it_is_small(static_tminus):
    assert static_tminus.stat().st_size <= LIMITS["postgres mysql sqlite"]


@pytest.mark.skipif(not harness.LONG, reason="only with TMINUS_LONG=1")
@pytest.mark.parametrize("drivers", [drivers for drivers in LIMITS if drivers != "postgres mysql sqlite"])
def test_with_fewer_drivers_it_is_smaller(static_tminus, tmp_path, drivers):
    program = tmp_path / "tminus"
    subprocess.run(["make", "-s", "-C", str(harness.ROOT), "VARIANT=static", f"WITH={drivers}", f"OUT={tmp_path}",
                    str(program)], check=True)
    assert program.stat().st_size <= LIMITS[drivers]


def test_it_runs_an_app_where_nothing_else_is(image):
    one = image.start("--", "/tminus", "version")
    assert one.wait() == 0, one.err.text()
    assert one.out.text().startswith("tminus ")
    assert image.files() == ["etc/hosts", "etc/resolv.conf", "tminus"]


def test_it_sleeps_and_wakes_wherever_its_stack_begins(static_tminus):
    """At its first sleep it gives back the stack below: whatever its place within a page, none in use."""
    for length in range(0, 4096, 64):
        environment = {"PATH": "/usr/bin:/bin", "PAD": "x" * length}
        with subprocess.Popen([static_tminus, "--", "sh", "-c", "read line; exit 7"], stdin=subprocess.PIPE,
                              env=environment) as one:
            me = harness.Process(one.pid)
            harness.await_true(lambda: me.children() and me.state() == "S", "tminus asleep")
            one.stdin.close()
            assert one.wait() == 7, f"with {length} bytes more of environment"


def test_it_reads_an_ini_file_there(image):
    image.add("/etc/tminus.ini", "[app]\ncommand = /tminus version\n")
    one = image.start()
    assert one.wait() == 0, one.err.text()
    assert one.out.text().startswith("tminus ")


def test_it_opens_an_sqlite_file_there(image):
    image.expect_ready("sqlite:////shop.db", "SQLite 3")
    assert "shop.db" not in image.files()


def test_it_upgrades_and_seeds_an_sqlite_file_that_is_not_there_yet(static_tminus, tmp_path):
    made = tmp_path / "shop.db"
    code = f"import sqlite3; sqlite3.connect('{made}').execute('CREATE TABLE IF NOT EXISTS books (id INT)')"
    create = f'/usr/bin/python3 -c "{code}"'
    environment = {"PATH": "/usr/bin:/bin", "DATABASE_URL": f"sqlite:///{made}", "TMINUS_UPGRADE_COMMAND": create,
                   "TMINUS_SEED_ALL": "true", "TMINUS_SEED_WHEN": "once"}
    logs = [subprocess.run([static_tminus, "boot"], env=environment, cwd=tmp_path, stderr=subprocess.PIPE, text=True,
                           check=False) for _ in range(2)]
    assert [log.returncode for log in logs] == [0, 0], logs
    assert ["seed all finished" in log.stderr for log in logs] == [True, False]
