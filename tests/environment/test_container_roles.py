"""One image that is web, worker and whatever else it is called with."""

import re
import signal

import pytest

ROLES = """role = ${CONTAINER_ROLE:-}
[role web]
match = seen serve *
[role worker]
match = seen work * | seen queue
[role cron]
command = seen tick ${EVERY}
[app]
command = seen serve
prefix = env PREFIXED=yes
[step both]
command = seen both
[step assets]
command = seen assets
roles = web
[step queues]
command = seen queues
roles = worker cron
if = !NO_QUEUES
"""

# The command line, the environment, and what is run then: steps, and the app at the end.
RUNS = [
    ([], {}, "both", "assets", "serve"),
    (["seen", "serve", "-p", "1"], {}, "both", "assets", "serve"),
    (["seen", "work", "a b"], {}, "both", "queues", "work"),
    (["seen", "queue"], {"NO_QUEUES": "1"}, "both", "queue"),
    (["seen", "other"], {"CONTAINER_ROLE": "web"}, "both", "assets", "other"),
    (["seen", "serve"], {"CONTAINER_ROLE": "web", "TMINUS_ROLE": "cron", "EVERY": "5 m"}, "both", "queues", "tick"),
    (["seen", "queue", "other"], {}, "queue"),
]


@pytest.mark.parametrize("arguments, environment, names", [(*run[:2], run[2:]) for run in RUNS])
def test_a_role_has_its_steps_and_its_app(run, mode, arguments, environment, names):
    found = run(ROLES, *(["--", *arguments] if arguments else []), environment={**mode, **environment}).seen
    assert [each.argv[0] for each in found] == list(names)
    app = found[-1]
    if app.argv[0] == "tick":
        assert app.argv == ["tick", environment["EVERY"]]
    elif arguments:
        assert app.argv == arguments[1:]
    assert ("PREFIXED" in app.environ) == (len(found) > 1)
    assert not any("PREFIXED" in each.environ for each in found[:-1])


def test_what_no_role_matches_runs_without_boot_and_one_line_says_so(run):
    ini = ROLES + "[wait]\ntargets = tcp://127.0.0.1:1\n[service s]\ncommand = false\n"
    made = run(ini, "--", "seen", "a b")
    assert [each.argv for each in made.seen] == [["a b"]]
    said = [line for line in made.log.splitlines() if "role" in line]
    assert said == ["tminus: no role matches seen: it is run without boot, services and jobs"]
    assert "step" not in made.log and "wait" not in made.log


def test_services_and_jobs_have_roles(image):
    ini = ROLES + "[service web]\ncommand = seen beside\nessential = no\nroles = web\n" \
        "[service other]\ncommand = false\nroles = worker\n" \
        "[job other]\ncommand = false\nschedule = @daily\nroles = worker\n"
    made = image(ini, "--set", "app.command=sleep 60", environment={"TMINUS_ROLE": "web"})
    made.expect_output(b'["beside"]')
    made.signal(signal.SIGTERM)
    assert made.wait() == 143
    assert "service other is left out: roles = worker\n" in made.err.text()
    assert "job other is left out: roles = worker\n" in made.err.text()


@pytest.mark.parametrize("role, made", [("web", {"logs", "web.conf"}), ("worker", {"queues"})])
def test_folders_and_templates_have_roles(run, folder, role, made):
    folder.script("from", "PORT=${PORT}\n", 0o644)
    ini = ROLES + ("[dir logs]\nroles = web\n[template web.conf]\nfrom = from\nroles = web\n"
                   "[dir queues]\nroles = worker\n")
    run(ini, environment={"TMINUS_ROLE": role, "PORT": "1"})
    assert {name for name in ("logs", "web.conf", "queues") if (folder / name).exists()} == made


def test_explain_tells_what_is_for_other_roles(image):
    made = image(ROLES, "explain", "--", "seen", "serve", namespace=False)
    assert made.wait() == 0
    out = re.sub(" +", " ", made.out.text())
    assert "; role web\n" in out
    assert "no step queues - tminus.ini:16; roles = worker cron\n" in out
    assert "yes step assets seen assets tminus.ini:13; at every start\n" in out
    made = image(ROLES, "explain", "--", "bash", namespace=False)
    assert made.wait() == 0
    lines = [re.sub(" +", " ", line) for line in made.out.text().splitlines()[2:]]
    assert lines == ["no boot - no role matches bash", "yes app bash command line; tminus looks after it"]


def test_boot_alone_does_what_is_for_its_role(run):
    assert [each.argv[0] for each in run(ROLES, "boot", environment={"TMINUS_ROLE": "cron"}).seen] == ["both", "queues"]


@pytest.mark.parametrize("ini, arguments, fault", [
    (ROLES, ["--set", "role=wbe"], '--set role: there is no [role wbe]; did you mean "web"?'),
    (ROLES + "[seed]\nroles = job\n", [], "tminus.ini:21: there is no [role job]"),
    (ROLES + "[role more]\nmatch = seen *\n", [],
     "tminus.ini:20: [role more] and [role web] (tminus.ini:2) match the same command; name one with role ="),
], ids=["named", "listed", "matching"])
def test_a_role_in_doubt_starts_nothing(run, ini, arguments, fault):
    made = run(ini, *arguments, status=78)
    assert (made.seen, made.log) == ([], f"tminus: error: {fault}\n")


def test_check_and_config_say_which_role_it_is(image):
    for arguments, environment, line in (
            (["config"], {"TMINUS_ROLE": "cron"}, "role      cron  (TMINUS_ROLE)\n"),
            (["config"], {"TMINUS_ROLE": "cron"}, "app       env PREFIXED=yes seen tick ${EVERY}  (tminus.ini:7)\n"),
            (["config"], {}, "role      web  (tminus.ini:2)\n"),
            (["config", "--json"], {}, '"role": "web",\n'),
            (["check"], {}, "role        web\n"),
            (["check", "--", "bash"], {}, "role        none matches: the app runs without boot\n")):
        made = image(ROLES, *arguments, environment=environment, namespace=False)
        assert made.wait() == 0, made.err.text()
        assert line in made.out.text()
