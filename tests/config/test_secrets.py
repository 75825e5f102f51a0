"""No part of a password is ever shown, however oddly it was given."""

import pytest

SECRET = "HUNTER2"


@pytest.mark.parametrize(
    "variables",
    [
        {"DATABASE_URL": f"postgres://shop:P@{SECRET}/w0rd@db/shop"},
        {"DATABASE_URL": f"postgres://shop:P@{SECRET}?w0rd@db/shop"},
        {"TMINUS_DATABASE_URL": f"mysql://shop:{SECRET}@db/shop"},
        {"TMINUS_DATABASE_PASSWORD": SECRET, "TMINUS_DATABASE_HOST": "db", "TMINUS_DATABASE_KIND": "mysql"},
        {"TMINUS_WAIT_TARGETS": f"postgres://u:x@h/db,postgres://u2:{SECRET}@h2/db2"},
        {"TMINUS_UPGRADE_COMMAND": f'psql "postgres://u:x {SECRET}@h/db"'},
        {"TMINUS_WAIT_TARGETS": f"u:{SECRET}@h:5432"},
        {"TMINUS_SEED_ALL": f"seed --from postgres://u:{SECRET}@h/db"},
    ],
)
def test_config_shows_no_password_of_the_environment(configured, variables):
    for options in ((), ("--json",)):
        result = configured.run("config", *options, **variables)
        assert SECRET not in result.stdout + result.stderr


@pytest.mark.parametrize(
    "lines",
    [
        "[database]\npassword = abc${HUNTER2!x}\n",
        "[database]\nurl = postgres://u:x${HUNTER2@h/db?a=}\n",
        "[database]\nurl = postgres://u:HUNTER2@h:port/db\n",
    ],
)
def test_a_fault_shows_no_password_of_the_file(configured, lines):
    configured.write(lines)
    result = configured.run("config")
    assert result.returncode == 78
    assert SECRET not in result.stdout + result.stderr


def test_a_command_from_a_file_is_not_shown(configured):
    secret = configured.folder / "command"
    secret.write_text(f"true --token {SECRET}")
    result = configured.run("config", TMINUS_APP_COMMAND_FILE=str(secret))
    assert result.returncode == 0
    assert SECRET not in result.stdout + result.stderr
