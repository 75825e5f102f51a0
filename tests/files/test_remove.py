"""[step NAME] remove: files that an earlier run has left."""

import os

import pytest

from file_project import needs_root

INI = "[step pid]\nremove = tmp/server.pid other.pid\n"


def test_what_is_there_is_removed_and_what_is_not_is_fine(project):
    project.write("tmp/server.pid", "7\n")
    said = project.boot(INI)
    assert "step pid: removed tmp/server.pid\n" in said
    assert not (project / "tmp/server.pid").exists()
    assert "removed" not in project.boot(INI)


def test_several_are_removed_whatever_they_are_called(project):
    for name in ("a b.pid", "$x.pid", "*.pid", "%s.pid"):
        project.write(name, "7")
    project.write("stays.pid", "7")
    project.boot("[step pid]\nremove = 'a b.pid' $x.pid *.pid \"%s.pid\"\n")
    assert sorted(os.listdir(project.path)) == ["stays.pid", "tminus.ini"]


def test_a_symlink_goes_and_what_it_leads_to_stays(project):
    project.write("kept", "kept")
    os.symlink("kept", project / "other.pid")
    project.boot(INI)
    assert (project / "kept").exists() and not os.path.lexists(project / "other.pid")


def test_a_folder_is_refused_and_nothing_is_removed(project):
    project.write("tmp/server.pid", "7")
    (project / "other.pid").mkdir()
    said = project.boot(INI, status=80)
    assert "step pid failed: other.pid is a folder; only files are removed" in said
    assert (project / "tmp/server.pid").exists()


def test_a_failure_may_be_passed_over(project):
    (project / "other.pid").mkdir()
    assert "on_failure = continue, so boot goes on" in project.boot(INI + "on_failure = continue\n")


def test_it_stands_among_the_other_steps(project):
    project.write("other.pid", "7")
    project.boot(INI + "after = one\n[step one]\ncommand = sh -c 'mv other.pid moved; touch other.pid'\n"
                 "[step two]\nafter = pid\ncommand = sh -c '! [ -e other.pid ]'\n")
    assert (project / "moved").exists()


def test_its_workdir_and_condition_are_those_of_any_step(project):
    project.write("tmp/other.pid", "7")
    project.boot(INI + "workdir = tmp\nif = WITHOUT\n")
    assert (project / "tmp/other.pid").exists()
    project.boot(INI + "workdir = tmp\nif = !WITHOUT\n")
    assert not (project / "tmp/other.pid").exists()


@needs_root
@pytest.mark.parametrize("user, status", [("app.user=65534:65534", 80), ("step.pid.user=65534", 80), ("app.umask=022", 0)])
def test_it_is_done_by_the_user_of_the_step(project, user, status):
    project.write("tmp/server.pid", "7")
    said = project.boot(INI, "--set", user, status=status)
    assert ("step pid failed: tmp/server.pid cannot be removed: Permission denied; the folder is not this user's: "
            "user = root in the step" in said) is (status == 80)
    assert (project / "tmp/server.pid").exists() is (status == 80)


@pytest.mark.parametrize("ini, fault", [
    (INI + "command = true\n", "tminus.ini:1: [step pid] has both command and remove"),
    ("[step pid]\nif = X\n", "tminus.ini:1: [step pid] has no command"),
])
def test_a_step_has_a_command_or_files_to_remove(project, ini, fault):
    assert project.faults(ini) == [fault]
