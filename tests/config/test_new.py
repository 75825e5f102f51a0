"""`tminus new`: a tminus.ini and the lines of a Dockerfile for the project in the working folder."""

import os

import pytest

SHEBANG = "#!/bin/sh\nexec \"$@\"\n"


@pytest.fixture
def project(configured):
    """Writes the files of a project; result runs `tminus new` in it."""
    def project(files):
        for path, text in files.items():
            (configured.folder.path / path).parent.mkdir(parents=True, exist_ok=True)
            configured.folder.script(path, text)
        return configured
    return project


def written(configured, name):
    return (configured.folder.path / name).read_text()


def names(configured):
    return sorted(path.name for path in configured.folder.path.iterdir())


FLASK = {"migrations/env.py": "", "app.py": "", "seeds/__init__.py": ""}


def test_a_flask_project_gets_its_preset_and_what_that_runs(project):
    configured = project(FLASK)
    result = configured.run("new")
    assert result.returncode == 0, result.stderr
    ini = written(configured, "tminus.ini")
    assert "\npreset = flask\n" in ini and ";   [upgrade] command = flask db upgrade\n" in ini
    assert ini in result.stdout, "it is shown before it is written"
    assert configured.values()["settings"]["upgrade.command"]["from"] == "preset flask"


def test_without_a_dockerfile_its_lines_are_shown_alone(project):
    configured = project(FLASK)
    assert 'ENTRYPOINT ["/sbin/tminus", "--"]\n' in configured.run("new").stdout
    assert "Dockerfile.tminus" not in names(configured)


def test_a_project_of_no_known_framework_gets_a_file_to_fill_in(project):
    configured = project({"main.go": ""})
    assert configured.run("new").returncode == 0
    assert ";command = ./migrate up\n" in written(configured, "tminus.ini")
    assert configured.run("config").returncode == 0


@pytest.mark.parametrize("there", ["tminus.ini", "Dockerfile.tminus"])
def test_nothing_is_overwritten_and_nothing_written_beside_it(project, there):
    configured = project({"Dockerfile": "FROM x\n", there: "; mine\n"})
    before = names(configured)
    result = configured.run("new")
    assert result.returncode == 64 and f"{there} is there already" in result.stderr
    assert names(configured) == before and written(configured, there) == "; mine\n"
    assert configured.run("new", "--force").returncode == 0
    assert written(configured, there) != "; mine\n"


def test_a_fifo_in_the_place_of_the_settings_is_an_error_and_nobody_waits_for_its_reader(configured):
    os.mkfifo(configured.folder.path / "tminus.ini")
    result = configured.run("new", "--force")
    assert result.returncode == 64 and "tminus.ini is no regular file, and nothing was written" in result.stderr


def test_a_dockerfile_that_is_no_text_is_refused_and_nothing_is_written(project):
    configured = project({"Dockerfile": 'FROM x\nRUN a\0b\nCMD ["serve"]\n'})
    result = configured.run("new")
    assert result.returncode == 78 and "Dockerfile: a NUL byte; this is not a text file" in result.stderr
    assert names(configured) == ["Dockerfile"]


def test_a_place_that_cannot_be_written_is_an_error(configured):
    result = configured.run("new", prefix=("strace", "-qq", "-o", "/dev/null", "-e", "inject=fsync:error=EIO"))
    assert result.returncode == 70 and "tminus.ini: Input/output error" in result.stderr
    assert not names(configured)


@pytest.mark.parametrize("option", [(), ("--force",)])
@pytest.mark.parametrize("name", ["tminus.ini", "Dockerfile.tminus"])
def test_a_symlink_is_not_written_through(project, name, option):
    configured = project({"Dockerfile": "FROM x\n", "theirs": "; theirs\n"})
    (configured.folder.path / name).symlink_to("theirs")
    result = configured.run("new", *option)
    assert result.returncode == 64 and f"{name} is a symlink, and nothing was written" in result.stderr
    assert written(configured, "theirs") == "; theirs\n"
    assert names(configured) == sorted(["Dockerfile", name, "theirs"])


def test_another_name_of_a_file_that_is_written_over_keeps_what_it_has(project):
    configured = project({"theirs": "; theirs\n"})
    (configured.folder.path / "tminus.ini").hardlink_to(configured.folder.path / "theirs")
    assert configured.run("new", "--force").returncode == 0
    assert written(configured, "theirs") == "; theirs\n" and "[upgrade]" in written(configured, "tminus.ini")
    assert names(configured) == ["theirs", "tminus.ini"]


def test_a_dockerfile_from_out_of_the_project_is_not_copied(project):
    configured = project({"app/docker/Dockerfile": "FROM inside\n", "outside": "FROM outside\n"})
    here = configured.folder.path / "app"
    (here / "Dockerfile").symlink_to("../outside")
    result = configured.run("new", cwd=here)
    assert result.returncode == 78 and "Dockerfile is a symlink that leads out of this folder" in result.stderr
    assert sorted(path.name for path in here.iterdir()) == ["Dockerfile", "docker"]
    (here / "Dockerfile").unlink()
    (here / "Dockerfile").symlink_to("docker/Dockerfile")
    assert configured.run("new", cwd=here).returncode == 0
    assert (here / "Dockerfile.tminus").read_text().startswith("FROM inside\n")


@pytest.mark.parametrize(("before", "after"), [
    ("FROM x\n", "FROM x\n+"),
    ("FROM x", "FROM x\n+"),
    ('FROM x\nCMD ["serve"]\n', 'FROM x\n+CMD ["serve"]\n'),
    ('FROM x\nENTRYPOINT ["/entrypoint.sh"]\nCMD ["serve"]\n',
     'FROM x\n+CMD ["serve"]\n'),
    ('FROM x\nCMD ["serve"]\nENTRYPOINT ["./docker/entrypoint.sh", "web"]\n',
     'FROM x\nCMD ["serve"]\n+"web"'),
    ('FROM x\nENTRYPOINT ["tini", "-g", "--", "gunicorn", "a b"]\n', 'FROM x\n+"gunicorn", "a b"'),
    ('FROM x\nENTRYPOINT ["dumb-init", "serve"]\nUSER app\n', 'FROM x\n+"serve"USER app\n'),
    ('FROM x\nentrypoint ["a\\"b\\\\"]\n', 'FROM x\n+"a\\"b\\\\"'),
    ('FROM x\nENTRYPOINT [ \\\n  "serve", \\\n# why\n  "all" ]\n', 'FROM x\n+"serve", "all"'),
    ("FROM x\nENTRYPOINT serve all\n", 'FROM x\n+"/bin/sh", "-c", "serve all"'),
    ('FROM x\nENTRYPOINT exec serve \\\n  "$A" \\\n  b\nCMD c\n',
     'FROM x\n+"/bin/sh", "-c", "exec serve   \\"$A\\"   b"CMD c\n'),
    ('FROM x AS y\nENTRYPOINT ["no"]\nFROM z\nCMD ["serve"]\n', 'FROM x AS y\nENTRYPOINT ["no"]\nFROM z\n+CMD ["serve"]\n'),
    ('FROM x\nRUN <<EOF\nENTRYPOINT ["no"]\nEOF\nCMD ["serve"]\n', 'FROM x\nRUN <<EOF\nENTRYPOINT ["no"]\nEOF\n+CMD ["serve"]\n'),
])
def test_the_last_stage_starts_with_tminus(project, before, after):
    """In what is expected, + stands for tminus's lines, with the words of ENTRYPOINT behind it."""
    configured = project({"Dockerfile": before, "docker/entrypoint.sh": SHEBANG})
    assert configured.run("new").returncode == 0
    head, tail = after.split("+")
    words, _, rest = tail.rpartition('"') if tail.startswith('"') else ("", "", tail)
    words = f', {words}"' if words else ""
    lines = written(configured, "Dockerfile.tminus").splitlines(keepends=True)
    kept = "".join(line for line in lines if not line.startswith("# "))
    assert kept == (f"{head}COPY --from=tminus /tminus /sbin/tminus\nCOPY tminus.ini ./\n"
                    f'ENTRYPOINT ["/sbin/tminus", "--"{words}]\n{rest}')


def test_what_stood_there_stays_as_a_comment(project):
    configured = project({"Dockerfile": 'FROM x\nENTRYPOINT ["/init.sh", \\\n "a"]\n'})
    configured.run("new")
    assert '# was: ENTRYPOINT ["/init.sh", \\\n#  "a"]\n' in written(configured, "Dockerfile.tminus")


def test_the_script_of_today_is_pointed_at_and_not_translated(project):
    configured = project({"Dockerfile": 'FROM x\nCMD ["/app/start.sh"]\n', "scripts/start.sh": SHEBANG, **FLASK})
    result = configured.run("new")
    assert "scripts/start.sh is not translated" in result.stdout
    assert "Dockerfile:2: CMD runs scripts/start.sh" in result.stdout
    assert "; scripts/start.sh does this today." in written(configured, "tminus.ini")


def test_a_command_in_the_shells_form_is_pointed_at(project):
    configured = project({"Dockerfile": "FROM x\n\nCMD gunicorn app:app\n"})
    assert "Dockerfile:3: CMD is in the shell's form" in configured.run("new").stdout


@pytest.mark.parametrize("line", [
    "CMD flask db upgrade && gunicorn app:app",
    'CMD ["sh", "-c", "python manage.py migrate; exec gunicorn app:app"]',
    'ENTRYPOINT ["npx", "prisma", "migrate", "deploy"]',
])
def test_a_migration_within_the_command_is_pointed_at(project, line):
    configured = project({"Dockerfile": f"FROM x\n{line}\n"})
    assert f"Dockerfile:2: {line.split()[0]} migrates the database" in configured.run("new").stdout


@pytest.mark.parametrize(("dockerfile", "lacks"), [
    ("FROM x\n", True),
    ('FROM x\nENTRYPOINT ["/entrypoint.sh"]\n', True),
    ('FROM x\nENTRYPOINT ["tini", "--"]\n', True),
    ("FROM x\nENTRYPOINT serve\n", False),
    ("FROM x\nCMD serve\n", False),
    ('FROM x\nENTRYPOINT ["tini", "--", "serve"]\n', False),
])
def test_an_image_that_would_run_nothing_is_pointed_at(project, dockerfile, lacks):
    configured = project({"Dockerfile": dockerfile, "entrypoint.sh": SHEBANG})
    assert ("No app is named" in configured.run("new").stdout) is lacks
    assert ('\n# CMD ["..."]' in written(configured, "Dockerfile.tminus")) is lacks


def test_the_procfiles_web_is_offered_as_the_app(project):
    configured = project({"Procfile": "release: flask db upgrade\nweb: gunicorn app:app --bind :$PORT\n"})
    configured.run("new")
    assert ";command = gunicorn app:app --bind :$PORT\n" in written(configured, "tminus.ini")


def test_where_two_frameworks_fit_none_is_chosen(project):
    configured = project({"manage.py": "", "alembic.ini": ""})
    assert configured.run("new").returncode == 0
    ini = written(configured, "tminus.ini")
    assert "; preset auto could be django (there is manage.py) or alembic" in ini and "\n;preset =\n" in ini
    assert configured.run("config").returncode == 0


def test_no_variable_of_a_framework_is_written(project):
    configured = project({"artisan": ""})
    result = configured.run("new", DB_HOST="db", DB_PASSWORD="hidden")
    assert "preset = laravel" in result.stdout and "[step config] command = php artisan config:cache" in result.stdout
    assert "hidden" not in result.stdout + written(configured, "tminus.ini")


def test_what_a_preset_would_seed_is_off_where_there_is_nothing_to_seed(project):
    configured = project({"migrations/env.py": "", "app.py": ""})
    assert configured.run("new").returncode == 0
    assert "\nundo =\nall =\n" in written(configured, "tminus.ini")
    assert "flask seed" not in configured.run("explain").stdout


def test_a_project_with_seeds_keeps_those_of_its_preset(project):
    configured = project(FLASK)
    assert configured.run("new").returncode == 0
    assert "[seed]\n" not in written(configured, "tminus.ini")
