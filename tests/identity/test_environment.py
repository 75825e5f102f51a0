"""The environment of the app and the steps: what is taken out, what comes in, and nothing else."""

import re
import socket

import pytest

import harness

BOOT_ID = re.compile(r"[0-9a-f]{16}")


def variables(output):
    """What `env -0` printed, as a dictionary."""
    return dict(entry.split("=", 1) for entry in output.split("\0") if entry)


@pytest.fixture
def port():
    """Where something accepts connections."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def given_and_kept(**both):
    return both, both


PARTS = {"TMINUS_DATABASE_HOST": "127.0.0.1", "TMINUS_DATABASE_KIND": "postgres", "TMINUS_DATABASE_USER": "u",
         "TMINUS_DATABASE_PASSWORD": "p/w", "TMINUS_DATABASE_NAME": "d", "TMINUS_DATABASE_PORT": "{port}"}
URL = "postgres://u:p@127.0.0.1:{port}/d"
URL_LONG = "postgresql://u:p@127.0.0.1:{port}/d"
PG = {"PGHOST": "127.0.0.1", "PGPORT": "{port}", "PGUSER": "u"}

# What is given, and what the app finds.
ENVIRONMENTS = {
    "the container's own": given_and_kept(A="1", EMPTY="", TMINUSX="2", XTMINUS_A="3"),
    "settings and reserved names": ({"TMINUS_APP_GRACE": "3s", "TMINUS_CONFIG": "{ini}", "TMINUS_ROLE": "",
                                     "TMINUS_VERSION": "1", "TMINUS_ENVIRONMENT": "test", "TMINUS_BOOT_ID": "x"}, {}),
    "what Kubernetes injects": given_and_kept(TMINUS_SERVICE_HOST="10.0.0.1", TMINUS_PORT_80_TCP="x"),
    "a URL": given_and_kept(DATABASE_URL=URL),
    "a URL for SQLAlchemy": ({"DATABASE_URL": URL, "TMINUS_DATABASE_NORMALIZE": "yes"}, {"DATABASE_URL": URL_LONG}),
    "a URL of tminus's": ({"TMINUS_DATABASE_URL": URL}, {"DATABASE_URL": URL}),
    "two URLs": ({"TMINUS_DATABASE_URL": URL, "DATABASE_URL": "postgres://other/x"}, {"DATABASE_URL": URL}),
    "parts": (PARTS, {"DATABASE_URL": "postgresql://u:p%2Fw@127.0.0.1:{port}/d"}),
    "a secret file": ({**PARTS, "TMINUS_DATABASE_PASSWORD": None, "TMINUS_DATABASE_PASSWORD_FILE": "{secret}"},
                      {"DATABASE_URL": "postgresql://u:swordfish@127.0.0.1:{port}/d"}),
    "libpq's own": given_and_kept(PGPASSWORD="p", **PG),
    "libpq's own, with a secret file": ({**PG, "PGPASSWORD_FILE": "{secret}"},
                                        {**PG, "PGPASSWORD_FILE": "{secret}", "PGPASSWORD": "swordfish"}),
    "a user": ({"TMINUS_APP_USER": "0", "HOME": "/other", "USER": "other"},
               {"HOME": "/root", "USER": "root", "LOGNAME": "root"}),
}


@pytest.mark.parametrize("case", ENVIRONMENTS)
def test_the_app_gets_this_and_nothing_else(container, folder, port, mode, case):
    secret = folder.script("secret", "swordfish\n", 0o600)
    ini = folder.script("tminus.ini", "", 0o644)
    given, expected = ({name: value.format(port=port, secret=secret, ini=ini) for name, value in part.items()
                        if value is not None} for part in ENVIRONMENTS[case])
    run = container("--set", "wait.level=tcp", "--", "env", "-0",
                    **{**mode, "environment": {**mode["environment"], **given}})
    assert run.wait() == 0, run.err.text()
    found = variables(run.out.text())
    assert BOOT_ID.fullmatch(found.pop("TMINUS_BOOT_ID"))
    for name in ("PATH", *harness.sanitizer_options()):
        del found[name]
    assert found == expected


def test_every_command_of_a_boot_has_its_id_and_each_boot_another(container):
    found = []
    for _ in range(2):
        run = container("--set", "upgrade.command=printenv TMINUS_BOOT_ID", "--set", "step.x.command=printenv TMINUS_BOOT_ID",
                        "--set", "step.y.command=printenv TMINUS_BOOT_ID", "--set", "step.y.user=2001",
                        "--", "printenv", "TMINUS_BOOT_ID", environment={"TMINUS_BOOT_ID": "of the one around it"})
        assert run.wait() == 0, run.err.text()
        found.append(run.out.text().split())
    first, second = found
    assert len(first) == 4 and len(set(first)) == 1 and BOOT_ID.fullmatch(first[0])
    assert len(set(second)) == 1 and first[0] != second[0]


def test_a_step_of_another_user_differs_in_what_names_the_user_alone(container):
    show = "sh -c 'env -0; printf =next='"
    run = container("--set", f"step.x.command={show}", "--set", f"step.y.command={show}", "--set", "step.y.user=root",
                    "--", "true", environment={"HOME": "/other", "A": "1"})
    assert run.wait() == 0, run.err.text()
    first, second, _ = (variables(part) for part in run.out.text().split("=next="))
    assert second == {**first, "HOME": "/root", "USER": "root", "LOGNAME": "root"}


def test_a_command_under_the_lock_is_named_after_the_boot_whoever_runs_it(container, folder):
    """What the next leader waits for when this one dies."""
    show = "sh -c 'echo $PGAPPNAME $TMINUS_BOOT_ID $HOME'"
    run = container("--set", f"upgrade.command={show}", "--set", f"step.x.command={show}", "--set", "step.x.when=once",
                    "--set", "step.x.user=root", "--set", f"step.y.command={show}", "--", "true",
                    environment={"HOME": "/other", "DATABASE_URL": f"sqlite:///{folder / 'app.db'}", "PGAPPNAME": "mine"})
    assert run.wait() == 0, run.err.text()
    upgrade, work, step = (line.split() for line in run.out.text().splitlines())
    assert upgrade == [f"tminus-{upgrade[1]}", upgrade[1], "/other"]
    assert work == [f"tminus-{upgrade[1]}", upgrade[1], "/root"]
    assert step == ["mine", upgrade[1], "/other"]
