"""What may be wrong with the ground: volumes that hang, are full, read-only or large, and old kernels."""

import os
import signal

import pytest

from file_project import AS_NOBODY, needs_root
import harness

LARGE = 100_000 if harness.LONG else 10_000
ALL = "[dir data]\nmode = 0755\n[key APP_KEY]\nfile = data/key\n[template data/conf]\nfrom = tminus.ini\nvars = PATH\n"


@needs_root
@pytest.mark.parametrize("ini, message", [
    ("[dir ro/data]\n", "tminus.ini:1: [dir ro/data]: it cannot be made: Read-only file system; mount a volume"),
    ("[dir ro]\nmode = 0700\n", "tminus.ini:1: [dir ro]: owner and mode cannot be set: Read-only file system; mount a"),
    ("[key K]\nfile = ro/key\n", "tminus.ini:1: [key K]: it cannot be written: Read-only file system; mount a volume"),
    ("[template ro/t]\nfrom = tminus.ini\nvars = X\n", "[template ro/t]: it cannot be written: Read-only file system"),
    ("[step s]\nremove = ro/file\n", "step s failed: ro/file cannot be removed: Read-only file system; mount a volume"),
])
def test_a_read_only_place_is_told_with_what_to_do(project, ini, message):
    (project / "ro").mkdir()
    said = project.boot(ini, status=80, namespace=True,
                        setup="mount -t tmpfs none ro && touch ro/file && mount -o remount,ro ro")
    assert message in said


@needs_root
def test_on_a_read_only_root_what_is_right_already_is_fine(project):
    project.boot(ALL)
    project.boot(ALL, namespace=True, setup="mount --bind . . && mount -o remount,ro,bind . && cd .")


@needs_root
def test_a_full_volume_is_told_with_what_to_do(project):
    (project / "full").mkdir()
    said = project.boot("[key K]\nfile = full/key\n", status=80, namespace=True,
                        setup="mount -t tmpfs -o size=4k none full && head -c 4096 /dev/zero >full/zeros")
    assert "[key K]: it cannot be written: No space left on device; make room on that volume" in said


@needs_root
def test_nobody_has_folders_keys_and_templates_too(project):
    project.boot(ALL, prefix=AS_NOBODY)
    assert {project.owner(name)[0] for name in ("data", "data/key", "data/conf")} == {65534}
    said = project.boot(ALL, prefix=AS_NOBODY)
    assert "made" not in said and "written" not in said


@pytest.mark.parametrize("error", ["ENOSYS", "EPERM"])
def test_where_openat2_is_refused_no_symlink_is_followed(project, error):
    """Kernels before 5.6, and the filters of that time."""
    before = ["strace", "-f", "-qq", "-o", project.strace, "-e", f"inject=openat2:error={error}"]
    project.boot(ALL.replace("data", "deep/er/data"), before=before)
    assert (project / "deep/er/data/conf").exists()
    os.symlink("deep", project / "link")
    faults = project.faults("[dir link/x]\n[dir deep/er/data/key/x]\n", before=before)
    assert len(faults) == 2
    assert "link is a symlink to deep, which leads nowhere, or out" in faults[0]
    assert "there is something else than a folder in this path" in faults[1]


def test_a_volume_that_hangs_does_not_hold_pid_1_up(project):
    run = project.start("[boot]\ngrace = 50ms\n[dir data]\n", before=[
        "strace", "-f", "-qq", "-o", project.strace, "-e", "inject=mkdirat:signal=STOP"])
    run.expect(lambda: "stopped by SIGSTOP" in harness.read_text(project.strace), "the child to stop in mkdirat")
    run.signal(signal.SIGTERM)
    assert run.wait() == 143
    assert "SIGTERM: files is stopped, the app is not started" in run.err.text()


@needs_root
def test_recursive_gives_all_that_is_below_and_follows_no_symlink(project):
    project.write("outside/file", "x")
    project.write("data/a/b/file", "x")
    project.write("data/a/program", "x", 0o755)
    os.symlink("../outside", project / "data/link")
    os.symlink("../../outside/file", project / "data/a/link")
    said = project.boot("[dir data]\nowner = 1500:1600\nmode = 2770\nrecursive = yes\n")
    assert "data 7 of 7 had another owner or mode" in said
    for name in ("", "/a", "/a/b", "/a/b/file", "/a/program", "/a/link", "/link"):
        assert project.owner(f"data{name}") == (1500, 1600), name
    assert [project.mode(name) for name in ("data", "data/a/b", "data/a/program", "data/a/b/file")] == [
        0o2770, 0o2770, 0o770, 0o660]
    assert project.owner("outside") == project.owner("outside/file") == (0, 0)
    assert (project.mode("outside"), project.mode("outside/file")) == (0o755, 0o644)


@needs_root
def test_recursive_changes_only_what_differs(project):
    ini = "[dir data]\nowner = 1500:1600\nrecursive = yes\n"
    for number in range(20):
        project.write(f"data/{number}/file", "x")
    project.boot(ini)
    os.chown(project / "data/7/file", 0, 0)
    calls = project.calls(ini)
    changes = [call for call in calls if "chown" in call or "chmod" in call]
    assert len(changes) == 1 and '"", 1500, 1600' in changes[0], changes


@needs_root
def test_a_large_volume_where_all_is_right_costs_one_look_at_each_entry(project, record_property):
    (project / "data").mkdir()
    for number in range(LARGE // 1000):
        (project / f"data/{number}").mkdir()
        for file in range(999):
            os.mknod(project / f"data/{number}/{file}", 0o644)
    before = project.calls("[dir other]\n")
    calls = project.calls("[dir data]\nmode = 0755\nrecursive = yes\nowner = 0:0\n[dir other]\n")
    count = len(calls) - len(before)
    record_property("figure", f"[dir] recursive, {LARGE} entries that are right: {count} system calls")
    assert LARGE <= count < LARGE * 1.05
    assert not [call for call in calls if "chown" in call or "chmod" in call]
    looks = [sum("newfstatat" in call for call in each) for each in (calls, before)]
    assert looks[0] - looks[1] < LARGE * 1.01


@needs_root
def test_a_very_deep_tree_is_walked(project):
    path = project.path / "data"
    path.mkdir()
    for _ in range(300):
        path = path / "d"
    os.makedirs(path)
    project.boot("[dir data]\nowner = 1500:1600\nrecursive = yes\n")
    assert os.stat(path).st_uid == 1500


@needs_root
def test_a_tree_that_is_too_deep_is_told_as_that(project):
    """Only its upper half is walked: what can be is changed before what cannot be told."""
    below = os.open(project.path, os.O_RDONLY)
    for name in ["data", *["d"] * 510]:
        os.mkdir(name, dir_fd=below)
        above, below = below, os.open(name, os.O_RDONLY, dir_fd=below)
        os.close(above)
    os.close(below)
    said = project.boot("[dir data]\nowner = 1500:1600\nrecursive = yes\n", status=80)
    assert "[dir data]: owner and mode cannot be set: Too many open files; each level of folders takes" in said
    assert "recursive goes down 500 at most" in said


@needs_root
@pytest.mark.parametrize("owner, mode, spared", [
    ((1500, 1600), 0o755, True), ((0, 1600), 0o775, True), ((0, 0), 0o777, True), ((0, 0), 0o755, False)])
@pytest.mark.parametrize("rows", ["owner = 1500:1600\n", "mode = 0777\n", "owner = 1500:1600\nmode = 0777\n"])
def test_another_users_file_that_somebody_may_have_linked_into_a_recursive_folder_is_not_given_away(
        project, owner, mode, spared, rows):
    project.write("outside", "secret", 0o600)
    project.write("data/below/mine", "x")
    os.link(project / "outside", project / "data/below/theirs")
    os.chown(project / "data/below", *owner)
    os.chmod(project / "data/below", mode)
    said = project.boot(f"[dir data]\nrecursive = yes\n{rows}")
    assert (project.owner("outside") == (0, 0) and project.mode("outside") == 0o600) is spared
    assert ("1 left as they are, because they have other names (hard links)" in said) is spared
    assert project.owner("data/below/mine") == ((1500, 1600) if "owner" in rows else (0, 0))


@needs_root
def test_a_users_own_file_of_several_names_is_given_with_the_folder(project):
    """A clone of git's, or pnpm's store, whose owner is to be another one."""
    project.write("data/one", "x")
    os.link(project / "data/one", project / "data/two")
    for name in ("data", "data/one"):
        os.chown(project / name, 1700, 1800)
    assert "hard links" not in project.boot("[dir data]\nowner = 1500:1600\nrecursive = yes\n")
    assert project.owner("data/one") == (1500, 1600)


@needs_root
def test_a_recursive_folder_leaves_the_files_of_templates_alone(project):
    """In the place of a change at each start, between which the file would be everybody's."""
    ini = "[dir data]\nowner = 1500:1600\nmode = 0777\nrecursive = yes\n"
    ini += "[template data/conf]\nfrom = tminus.ini\nvars = X\nmode = 0640\nowner = 1700:1800\n"
    ini += "[template data/other]\nfrom = tminus.ini\nvars = X\nif = WITH\n"
    project.boot(ini, environment={"WITH": "yes"})
    before = [os.stat(project / name).st_ctime_ns for name in ("data/conf", "data/other")]
    said = project.boot(ini)
    assert "written" not in said and "had another owner" not in said
    assert [os.stat(project / name).st_ctime_ns for name in ("data/conf", "data/other")] == before
    assert (project.owner("data/conf"), project.mode("data/conf")) == ((1700, 1800), 0o640)


@needs_root
def test_a_file_that_another_replica_is_writing_is_not_given_away(project):
    project.write("data/.tminus-0123456789abcdef.partial", "key", 0o600)
    project.boot("[dir data]\nowner = 1500:1600\nrecursive = yes\n")
    assert project.owner("data/.tminus-0123456789abcdef.partial") == (0, 0)
