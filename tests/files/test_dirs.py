"""[dir PATH]: folders with their owner and mode, before anything else runs."""

import os

import pytest

from file_project import AS_NOBODY, needs_root


def test_a_folder_is_made_with_all_that_lead_to_it(project):
    project.boot("[dir storage/app/logs]\nmode = 0750\n")
    assert project.mode("storage/app/logs") == 0o750
    assert project.mode("storage/app") == 0o755


def test_one_that_is_right_already_is_left_alone_and_not_told_of(project):
    ini = "[dir storage/logs]\nmode = 0750\n"
    assert "storage/logs made" in project.boot(ini)
    before = os.stat(project / "storage/logs").st_ctime_ns
    assert "storage/logs" not in project.boot(ini)
    assert os.stat(project / "storage/logs").st_ctime_ns == before


def test_a_mode_that_differs_is_set(project):
    (project / "logs").mkdir(mode=0o700)
    assert "logs had another owner or mode" in project.boot("[dir logs]\nmode = 2775\n")
    assert project.mode("logs") == 0o2775


def test_without_mode_that_of_a_folder_that_is_there_stays(project):
    (project / "logs").mkdir(mode=0o711)
    project.boot("[dir logs]\n")
    assert project.mode("logs") == 0o711


def test_the_path_may_come_from_the_environment(project):
    project.boot("[dir ${DATA:-data}/up]\n", environment={"DATA": f"{project.path}/elsewhere"})
    project.boot("[dir ${DATA:-data}/up]\n")
    assert (project / "elsewhere/up").is_dir() and (project / "data/up").is_dir()


def test_a_path_has_blanks_quotes_and_dollars(project):
    project.boot("[dir a b'c\"$x%d]\n")
    assert (project / "a b'c\"$x%d").is_dir()


def test_relative_paths_begin_in_the_working_folder_of_the_app(project):
    (project / "shop").mkdir()
    project.boot("[app]\nworkdir = shop\n[dir logs]\n")
    assert (project / "shop/logs").is_dir()


def test_a_condition_that_does_not_hold_leaves_it_out(project):
    assert "dir logs is left out: if = WITH_LOGS" in project.boot("[dir logs]\nif = WITH_LOGS\n")
    assert not (project / "logs").exists()


@needs_root
def test_it_belongs_to_the_user_of_the_app_with_the_folders_made_on_the_way(project):
    project.boot("[app]\nuser = 1500:1600\n[dir storage/logs]\n[dir mine]\nowner = 1700:1800\n")
    assert project.owner("storage/logs") == project.owner("storage") == (1500, 1600)
    assert project.owner("mine") == (1700, 1800)


def test_without_mode_the_umask_of_the_app_counts(project):
    project.boot("[app]\numask = 027\n[dir logs/deep]\n[template conf]\nfrom = tminus.ini\nvars = X\n")
    assert [project.mode(name) for name in ("logs", "logs/deep", "conf")] == [0o750, 0o750, 0o640]


def test_folders_come_before_waiting_and_steps(project):
    said = project.boot("[wait]\ntimeout = 1ms\ntargets = file:/nonexistent/tminus\n[dir logs]\n", status=69)
    assert said.index("logs made") < said.index("not usable within")


def test_what_shows_the_configuration_makes_nothing(project):
    project.write("tminus.ini", "[dir logs]\n[template conf]\nfrom = tminus.ini\nvars = X\n")
    for subcommand in ("config", "check", "explain"):
        project.container(subcommand, namespace=False, cwd=project.path).wait()
    assert os.listdir(project.path) == ["tminus.ini"]


@pytest.mark.parametrize("path, message", [
    ("link/logs", "link is a symlink to /etc, which leads nowhere, or out of the folder"),
    ("dangling", "dangling is a symlink to nowhere"),
    ("{here}/link/logs", "{here}/link is a symlink to /etc, which is not followed"),
    ("up/logs", "up is a symlink to .., which leads"),
    ("tminus.ini", "there is something else than a folder in this path"),
    ("tminus.ini/logs", "there is something else than a folder in this path"),
])
def test_a_path_that_leads_elsewhere_is_refused_and_nothing_is_made(project, path, message):
    for name, target in (("link", "/etc"), ("dangling", "nowhere"), ("up", "..")):
        os.symlink(target, project / name)
    path = path.format(here=project.path)
    faults = project.faults(f"[dir first]\n[dir {path}]\n[dir last]\n")
    assert len(faults) == 1 and faults[0].startswith(f"tminus.ini:2: [dir {path}]: "), faults
    assert message.format(here=project.path) in faults[0]
    assert not (project / "first").exists() and not (project / "last").exists()


def test_a_symlink_that_stays_in_the_tree_is_followed(project):
    (project / "releases/5").mkdir(parents=True)
    os.symlink("releases/5", project / "current")
    project.boot("[dir current/logs]\n")
    assert (project / "releases/5/logs").is_dir()


@pytest.mark.parametrize("ini, fault", [
    ("[dir ../logs]", "tminus.ini:2: the name of [dir ../logs] has a .. in it"),
    ("[dir ${UP}/logs]", "tminus.ini:2: the name of [dir ${UP}/logs] has a .. in it"),
    ("[dir ${NONE:-}]", "tminus.ini:2: the name of [dir ${NONE:-}] is empty"),
    ("[dir ${NONE:?say where}]", "tminus.ini:2: [dir ${NONE:?say where}]: the variable NONE is not set or empty: say where"),
    ("[dir]", "tminus.ini:2: a dir has a name: [dir PATH]"),
    ("[dir logs]\nmode = 999", 'tminus.ini:3: mode: "999" is not an octal mode (0750, 755, 2775)'),
    ("[dir logs]\nmode = 10000", 'tminus.ini:3: mode: "10000" is not an octal mode (0750, 755, 2775)'),
    ("[dir logs]\nowner = nosuchuser", 'tminus.ini:3: owner: there is no user "nosuchuser" in /etc/passwd'),
    ("[dir logs]\nmod = 755", 'tminus.ini:3: unknown key "mod" in [dir logs]; did you mean "mode"?'),
])
def test_what_is_wrong_in_the_section_is_told_with_its_line(project, ini, fault):
    faults = project.faults(f"[dir first]\n{ini}\n", environment={"UP": "a/.."})
    assert len(faults) == 1 and fault in faults[0]
    assert not (project / "first").exists()


@pytest.mark.parametrize("kind", ["DIR", "TEMPLATE"])
def test_paths_have_no_variables(project, kind):
    name = f"TMINUS_{kind}_LOGS_MODE"
    assert project.faults("[dir logs]\n", environment={name: "0700"}) == [f"{name}: unknown variable"]


def test_a_path_has_settings_on_the_command_line(project):
    project.boot("[dir logs]\nmode = 0755\n", "--set", "dir.logs.mode=0700", "--set", "dir.a.b/c.mode=0711")
    assert project.mode("logs") == 0o700 and project.mode("a.b/c") == 0o711


def test_all_faults_are_told_at_once(project):
    os.symlink("/etc", project / "link")
    assert len(project.faults("[dir link/a]\n[dir link/b]\n[dir tminus.ini]\n")) == 3


@needs_root
def test_a_user_who_may_not_is_told_what_to_do(project):
    os.chmod(project.path, 0o755)
    said = project.boot("[dir logs]\n", status=80, prefix=AS_NOBODY)
    assert "tminus.ini:1: [dir logs]: it cannot be made: Permission denied; this user may not: start the" in said
