"""The platforms' files are what the platforms take, and tminus takes every setting in them."""

import json
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess
import tomllib

import pytest
import yaml

import schemas
from example import TMINUS
from platforms import DATABASE_URL, EXAMPLES, READERS, ROOT, compose_folder, files, starts

STARTS = starts()
SCHEMAS = {
    "*/docker-compose.yml": schemas.COMPOSE,
    "*/stack.yaml": schemas.COMPOSE,
    "kubernetes/*.yaml": schemas.KUBERNETES,
    "render/render.yaml": schemas.RENDER,
    "railway/railway.json": schemas.RAILWAY,
    "fly/fly.toml": schemas.FLY,
    "heroku/Procfile": schemas.PROCFILE,
}
SCHEMA_OF = {path: schema for pattern, schema in SCHEMAS.items() for path in EXAMPLES.glob(pattern)}
COMPOSE_FILES = [path for path, schema in SCHEMA_OF.items() if schema is schemas.COMPOSE]
PARSERS = {
    ".yaml": lambda text: list(yaml.safe_load_all(text)),
    ".yml": lambda text: list(yaml.safe_load_all(text)),
    ".json": lambda text: [json.loads(text)],
    ".toml": lambda text: [tomllib.loads(text)],
    "": lambda text: [dict(line.split(": ", 1) for line in text.splitlines())],
}


def name_of(path):
    return str(path.relative_to(EXAMPLES))


def documents(path):
    return PARSERS[path.suffix](path.read_text())


def faults_of(path):
    return [fault for document in documents(path)
            for fault in schemas.faults(document, SCHEMA_OF[path], name_of(path))]


@pytest.mark.parametrize("path", SCHEMA_OF, ids=name_of)
def test_keeps_to_the_schema_of_its_platform(path):
    assert faults_of(path) == []


def test_no_file_of_a_platform_is_left_out():
    suffixes = {".yaml", ".yml", ".toml"}
    known = {path for pattern in READERS for path in EXAMPLES.glob(pattern)}
    found = {path for path in files()
             if path.suffix in suffixes or path.name.startswith(("Dockerfile", "Procfile", "railway"))}
    assert found == known
    assert {start.file.split("/")[0] for start in STARTS} >= {
        "compose-flask-mysql", "compose-node-postgres", "fly", "heroku", "kubernetes", "railway", "render",
        "swarm"}


@pytest.mark.parametrize(("value", "rule", "fault"), [
    ({"builder": "MAKE"}, schemas.RAILWAY["build"], "x.builder: 'MAKE' is not allowed"),
    ({"startComand": "a"}, schemas.RAILWAY["deploy"], 'x: unknown key "startComand"'),
    ({}, schemas.RAILWAY, 'x: "$schema" is missing'),
    ({"retries": True}, schemas.COMPOSE_HEALTHCHECK, "x.retries: True is not allowed"),
    ({"interval": "5"}, schemas.COMPOSE_HEALTHCHECK, "x.interval: '5' is not allowed"),
    ({"test": [1]}, schemas.COMPOSE_HEALTHCHECK, "x.test[0]: 1 is not allowed"),
    ({"test": "true"}, schemas.COMPOSE_HEALTHCHECK, "x.test: no list"),
    ([], schemas.COMPOSE, "x: no mapping"),
    ({"ports": ["1"], "depends_on": {"db": {"condition": "healthy"}}}, schemas.COMPOSE_SERVICE,
     "x.depends_on.db.condition: 'healthy' is not allowed"),
])
def test_a_fault_against_a_schema_is_found(value, rule, fault):
    assert schemas.faults(value, rule, "x") == [fault]


# --- what the files refer to ---------------------------------------------------------------------


def pods():
    for path in sorted(EXAMPLES.glob("kubernetes/*.yaml")):
        for document in documents(path):
            if document["kind"] == "Deployment":
                yield path, document["spec"]


@pytest.mark.parametrize("deployment", [spec for _, spec in pods()])
def test_a_deployment_selects_its_own_pods_and_mounts_what_it_declares(deployment):
    template = deployment["template"]
    assert deployment["selector"]["matchLabels"].items() <= template["metadata"]["labels"].items()
    volumes = {volume["name"] for volume in template["spec"]["volumes"]}
    containers = template["spec"].get("initContainers", []) + template["spec"]["containers"]
    for container in containers:
        assert {mount["name"] for mount in container["volumeMounts"]} <= volumes
        ports = {port.get("name") for port in container.get("ports", [])}
        probes = [value for key, value in container.items() if key.endswith("Probe")]
        assert all(len({"httpGet", "exec"} & probe.keys()) == 1 for probe in probes)
        assert {probe["httpGet"]["port"] for probe in probes if "httpGet" in probe} <= ports


def checks():
    """Every health check by a command: the file, its name there, the words."""
    for path in COMPOSE_FILES:
        for name, service in documents(path)[0]["services"].items():
            if "healthcheck" in service:
                yield name_of(path), name, service["healthcheck"]["test"][1:]
    for path, deployment in pods():
        for key, probe in deployment["template"]["spec"]["containers"][0].items():
            if key.endswith("Probe"):
                yield name_of(path), key, probe["exec"]["command"]


def test_every_app_is_asked_by_tminus_itself_and_migrations_outlive_the_probes_that_kill():
    asked = {(file, name): words for file, name, words in checks() if name != "db"}
    assert {words[0] for words in asked.values()} == {"/sbin/tminus"}
    apps = [path for path, _ in pods() if path.name != "database.yaml"]
    assert len(asked) == len(COMPOSE_FILES) + 3 * len(apps)
    for (_, name), words in asked.items():
        lives = name in ("startupProbe", "livenessProbe")
        assert words[1:] == (["health", "--live"] if lives else ["health"])
        answer = subprocess.run([TMINUS, *words[1:]], capture_output=True, check=False, env={})
        assert answer.returncode in (0, 1)  # 64 would be a wrong command line


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*/tminus.ini")), ids=name_of)
def test_an_app_says_what_its_health_check_asks(path):
    shown = json.loads(subprocess.run([TMINUS, "--config", path, "config", "--json"], capture_output=True, check=True,
                                      env={"PORT": "4711"}, cwd=path.parent).stdout)
    assert "http://127.0.0.1:4711/health" in json.dumps(shown)


def test_the_pods_read_the_secret_that_is_there():
    secrets = {document["metadata"]["name"]: document["stringData"]
               for path in EXAMPLES.glob("kubernetes/*.yaml") for document in documents(path)
               if document["kind"] == "Secret"}
    for _, deployment in pods():
        pod = deployment["template"]["spec"]
        mounted = {volume["name"]: secrets[volume["secret"]["secretName"]]
                   for volume in pod["volumes"] if "secret" in volume}
        for container in pod.get("initContainers", []) + pod["containers"]:
            present = {f'{mount["mountPath"]}/{key}' for mount in container["volumeMounts"]
                       for key in mounted.get(mount["name"], ())}
            assert {entry["value"] for entry in container["env"] if entry["name"].endswith("_FILE")} <= present


@pytest.mark.parametrize("path", COMPOSE_FILES, ids=name_of)
def test_a_compose_file_declares_what_its_services_use(path):
    document = documents(path)[0]
    for service in document["services"].values():
        assert set(service.get("depends_on", [])) <= document["services"].keys()
        assert set(service.get("secrets", [])) <= document.get("secrets", {}).keys()
        volumes = {volume.split(":")[0] for volume in service.get("volumes", [])}
        assert {name for name in volumes if name[0] not in "./"} <= (document.get("volumes") or {}).keys()
        mounted = {f"/run/secrets/{name}" for name in service.get("secrets", [])}
        variables = service.get("environment", {})
        assert {value for name, value in variables.items() if name.endswith("_FILE")} <= mounted
        folder = compose_folder(path, service)
        assert folder is None or (folder / "Dockerfile").is_file()


@pytest.mark.skipif(shutil.which("docker-compose") is None, reason="docker-compose is not on PATH")
@pytest.mark.parametrize("path", COMPOSE_FILES, ids=name_of)
def test_docker_compose_itself_takes_the_file(path):
    done = subprocess.run(["docker-compose", "--file", path, "config", "--quiet"], text=True,
                          capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_render_asks_for_a_database_and_a_dockerfile_that_are_there():
    blueprint = documents(EXAMPLES / "render/render.yaml")[0]
    databases = {database["name"] for database in blueprint["databases"]}
    for service in blueprint["services"]:
        assert {entry["fromDatabase"]["name"] for entry in service["envVars"] if "fromDatabase" in entry} <= databases
        if service["runtime"] == "docker":
            assert (ROOT / service["dockerContext"] / service["dockerfilePath"]).is_file()
        else:
            assert (ROOT / service["rootDir"] / "requirements.txt").is_file()


def test_railway_and_fly_name_a_dockerfile_that_is_there():
    railway = documents(EXAMPLES / "railway/railway.json")[0]
    assert (ROOT / railway["build"]["dockerfilePath"]).is_file()
    fly = documents(EXAMPLES / "fly/fly.toml")[0]
    assert (EXAMPLES / "fly" / fly["build"]["dockerfile"]).is_file()
    assert int(fly["env"]["PORT"]) == fly["http_service"]["internal_port"]


def test_both_dockerfiles_of_flask_install_the_same_packages():
    packages = [set(re.findall(r"python3-[a-z0-9-]+|gunicorn", (EXAMPLES / "flask" / name).read_text().split("CMD")[0]))
                for name in ("Dockerfile", "Dockerfile.remote")]
    assert packages[0] == packages[1]


def test_the_remote_dockerfile_copies_what_the_repository_has():
    text = (EXAMPLES / "flask/Dockerfile.remote").read_text()
    sources = [source for line in re.findall(r"^COPY (?!--from)(.+)$", text, re.MULTILINE)
               for source in line.split()[:-1]]
    assert "examples/flask" in sources
    assert [source for source in sources if not (ROOT / source).exists()] == []


@pytest.mark.parametrize("folder", sorted(path for path in EXAMPLES.iterdir() if path.is_dir()), ids=name_of)
def test_a_readme_of_one_screen_links_only_to_what_is_there(folder):
    text = (folder / "README.md").read_text()
    assert len(text.splitlines()) <= 70
    targets = re.findall(r"\]\(([^)#:]+)\)", text)
    assert [target for target in targets if not (folder / target).exists()] == []


def test_the_projects_readme_links_every_example():
    linked = set(re.findall(r"\]\(examples/([^)/]+)\)", (ROOT / "README.md").read_text()))
    assert linked == {path.name for path in EXAMPLES.iterdir() if path.is_dir()}


# --- settings ------------------------------------------------------------------------------------


def with_files(environment, scratch):
    """The environment with every *_FILE naming a file that is there, as the platform mounts it."""
    filled = dict(environment)
    for name in filter(lambda name: name.startswith("TMINUS_") and name.endswith("_FILE"), environment):
        secret = scratch / name
        secret.write_text(DATABASE_URL if name.endswith("URL_FILE") else "secret")
        filled[name] = str(secret)
    return filled


def options_of(words):
    """The options before tminus's subcommand or the app."""
    options = []
    rest = iter(words[1:])
    for word in rest:
        if word not in ("--set", "--config"):
            break
        options += [word, next(rest)]
    return options


def verdict(start, scratch):
    """What tminus says of the start's INI file, environment and options; "" where it takes them all."""
    done = subprocess.run(
        [TMINUS, *options_of(start.words), "config"], cwd=start.folder, text=True, capture_output=True,
        env={"PATH": os.defpath, **with_files(start.environment, scratch)}, check=False)
    assert (done.returncode == 0) == (done.stderr == "")
    return done.stderr


@pytest.mark.parametrize("start", STARTS, ids=str)
def test_tminus_takes_every_setting(start, tmp_path):
    assert verdict(start, tmp_path) == ""


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*/*.ini")), ids=name_of)
def test_tminus_takes_every_ini_file(path):
    done = subprocess.run([TMINUS, "--config", path, "config"], cwd=path.parent, text=True,
                          env={"PATH": os.defpath}, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


# file, what stands there, what is written instead, and the word that tminus must name.
MISTAKES = [
    ("compose-flask-mysql/docker-compose.yml", "TMINUS_WAIT_TIMEOUT", "TMINUS_WAIT_TIMEOOUT", "TMINUS_WAIT_TIMEOOUT"),
    ("compose-node-postgres/docker-compose.yml", "NODE_ENV", "TMINUS_WAIT_TIMEOOUT", "TMINUS_WAIT_TIMEOOUT"),
    ("compose-node-postgres/tminus.ini", "[seed]", "[sed]", "[sed]"),
    ("flask/tminus.ini", "preset", "presset", '"presset"'),
    ("flask/Dockerfile.remote", "EXPOSE 5000", "ENV TMINUS_WAIT_TIMEOOUT=5m", "TMINUS_WAIT_TIMEOOUT"),
    ("fly/fly.toml", "FLASK_ENV", "TMINUS_WAIT_TIMEOOUT", "TMINUS_WAIT_TIMEOOUT"),
    ("fly/fly.toml", "upgrade.mode=off", "upgrade.mode=of", '"of"'),
    ("heroku/Procfile", "seed.when", "seed.wen", "seed.wen"),
    ("kubernetes/deployment.yaml", "TMINUS_LOG_FORMAT", "TMINUS_LOG_FORMATT", "TMINUS_LOG_FORMATT"),
    ("kubernetes/init-container.yaml", "TMINUS_UPGRADE_MODE", "TMINUS_UPGRADE_MOD", "TMINUS_UPGRADE_MOD:"),
    ("railway/railway.json", "upgrade.mode", "upgrade.mood", "upgrade.mood"),
    ("render/render.yaml", "FLASK_ENV", "TMINUS_WAIT_TIMEOOUT", "TMINUS_WAIT_TIMEOOUT"),
    ("render/render.yaml", "seed.when=never", "seed.when=newer", '"newer"'),
    ("swarm/stack.yaml", "TMINUS_DATABASE_KIND", "TMINUS_DATABASE_KINT", "TMINUS_DATABASE_KINT"),
]


@pytest.mark.parametrize(("file", "right", "wrong", "named"), MISTAKES)
def test_a_wrong_setting_in_a_file_is_found(file, right, wrong, named, tmp_path):
    copy = tmp_path / "examples"
    shutil.copytree(EXAMPLES, copy, ignore=shutil.ignore_patterns("node_modules"))
    text = (copy / file).read_text()
    assert right in text
    (copy / file).write_text(text.replace(right, wrong))
    assert named in "".join(verdict(start, tmp_path) for start in starts(copy))


def settings():
    """Every setting, as section.key."""
    done = subprocess.run([TMINUS, "config", "--json"], cwd="/", env={"PATH": os.defpath}, text=True,
                          capture_output=True, check=True)
    return set(json.loads(done.stdout)["settings"])


@pytest.mark.parametrize("path", files(), ids=name_of)
def test_every_setting_that_a_text_names_exists(path):
    known = settings()
    variables = {"TMINUS_" + name.replace(".", "_").upper() for name in known}
    text = path.read_text()
    named = {name.removesuffix("_FILE") for name in re.findall(r"\bTMINUS_[A-Z_]*[A-Z]", text)}
    assert named <= variables
    assert set(re.findall(r"--set ([a-z_.]+)=", text)) <= known


# --- command lines -------------------------------------------------------------------------------

PROGRAMS = ("dbmate", "flask", "gunicorn", "node", "python3")
APPS = ("gunicorn", "node server.js")


def run_with_stubs(start, scratch):
    """Run the start with stubs for every program, and a database that is there; the commands they saw."""
    programs = scratch / "bin"
    programs.mkdir()
    calls = scratch / "calls"
    for name in PROGRAMS:
        (programs / name).write_text(f'#!/bin/sh\necho "{name} $*" >>{calls}\n')
        (programs / name).chmod(0o755)
    sqlite3.connect(scratch / "app.db").close()
    environment = {name: value for name, value in start.environment.items() if "DATABASE" not in name}
    done = subprocess.run(
        [TMINUS, *start.words[1:]], cwd=start.folder, text=True, capture_output=True, check=False,
        env={**environment, "PATH": f"{programs}:/bin", "DATABASE_URL": f"sqlite:///{scratch}/app.db"})
    assert done.returncode == 0, done.stderr
    return calls.read_text().splitlines()


@pytest.mark.parametrize("start", STARTS, ids=str)
def test_the_command_line_starts_what_the_readme_says(start, tmp_path):
    assert pathlib.Path(start.words[0]).name == "tminus"
    calls = run_with_stubs(start, tmp_path)
    apps = [call for call in calls if call.startswith(APPS)]
    is_upgraded = any("migrate" in call or "upgrade" in call for call in calls)
    if start.is_boot():
        assert apps == [] and is_upgraded
        assert "flask seed undo" not in calls
    elif "upgrade.mode=off" in start.words or start.environment.get("TMINUS_UPGRADE_MODE") == "off":
        assert calls == apps and len(apps) == 1
    else:
        assert calls[-1:] == apps and is_upgraded


def test_where_something_upgrades_before_the_app_the_app_does_not():
    services = {(start.file, start.service) for start in STARTS if start.is_boot()}
    assert {file.split("/")[0] for file, _ in services} >= {"fly", "heroku", "kubernetes", "railway", "render"}
    for start in STARTS:
        if (start.file, start.service) in services and not start.is_boot():
            assert "upgrade.mode=off" in start.words or start.environment["TMINUS_UPGRADE_MODE"] == "off"
