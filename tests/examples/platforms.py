"""What the platforms' files under examples/ would start: folder, command line and environment of each."""

import dataclasses
import json
import pathlib
import re
import shlex
import tomllib

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
# The image that the READMEs build by hand: `docker build -t launches ../flask`.
IMAGES = {"launches": "flask"}
DATABASE_URL = "postgres://app:secret@db.example:5432/launches"


@dataclasses.dataclass(frozen=True)
class Start:
    """One container or process of a service; words is its whole command line, tminus first."""
    file: str
    service: str
    folder: pathlib.Path
    words: tuple
    environment: dict

    def __str__(self):
        return f"{self.file}:{self.service}:{self.verb()}"

    def is_boot(self):
        return "boot" in self.words

    def verb(self):
        return "boot" if self.is_boot() else "run"


def words_of(command):
    """A command as its words: a list is one already, a string is split by the shell's rules."""
    return tuple(shlex.split(command)) if isinstance(command, str) else tuple(command or ())


def image_of(dockerfile):
    """ENTRYPOINT, CMD and ENV of a Dockerfile's last stage."""
    stage = {"ENTRYPOINT": (), "CMD": (), "ENV": {}}
    for line in dockerfile.read_text().splitlines():
        keyword, _, rest = line.partition(" ")
        if keyword == "FROM":
            stage = {"ENTRYPOINT": (), "CMD": (), "ENV": {}}
        elif keyword in ("ENTRYPOINT", "CMD"):
            stage[keyword] = tuple(json.loads(rest))
        elif keyword == "ENV":
            stage["ENV"].update(word.partition("=")[::2] for word in shlex.split(rest))
    return stage


def variables_of(environment):
    """A compose file's environment, a mapping or a list, as a mapping; ${NAME:-default} is the default."""
    if isinstance(environment, list):
        environment = dict(entry.partition("=")[::2] for entry in environment)
    return {name: re.sub(r"\$\{\w+:-(.*?)\}", r"\1", str(value)).replace("$$", "$")
            for name, value in (environment or {}).items()}


def compose_folder(path, service):
    """The folder whose Dockerfile makes the service's image; None for an image of somebody else's."""
    build = service.get("build")
    if build is not None:
        return (path.parent / (build["context"] if isinstance(build, dict) else build)).resolve()
    name = IMAGES.get(service.get("image"))
    return name and path.parents[1] / name


def compose(path):
    """The services share one database, so that they count as one service."""
    for service in yaml.safe_load(path.read_text())["services"].values():
        folder = compose_folder(path, service)
        if folder is None or not (folder / "tminus.ini").exists():
            continue
        image = image_of(folder / "Dockerfile")
        entrypoint = words_of(service.get("entrypoint")) or image["ENTRYPOINT"]
        default = () if "entrypoint" in service else image["CMD"]
        command = words_of(service.get("command")) or default
        environment = image["ENV"] | variables_of(service.get("environment"))
        yield "app", folder, entrypoint + command, environment


def kubernetes(path):
    for document in yaml.safe_load_all(path.read_text()):
        pod = document["spec"].get("template", {}).get("spec", {}) if "spec" in document else {}
        for container in pod.get("initContainers", []) + pod.get("containers", []):
            if container["image"] not in IMAGES:
                continue
            folder = path.parents[1] / IMAGES[container["image"]]
            image = image_of(folder / "Dockerfile")
            default = () if "command" in container else image["CMD"]
            words = tuple(container.get("command", image["ENTRYPOINT"])) + tuple(container.get("args", default))
            yield (document["metadata"]["name"], folder, words,
                   image["ENV"] | {entry["name"]: entry["value"] for entry in container.get("env", [])})


def render(path):
    for service in yaml.safe_load(path.read_text())["services"]:
        folder = path.parents[1] / "flask"
        environment = {entry["key"]: entry.get("value", DATABASE_URL) for entry in service["envVars"]}
        for key in ("preDeployCommand", "dockerCommand", "startCommand"):
            if key in service:
                yield service["name"], folder, words_of(service[key]), environment


def railway(path):
    deploy = json.loads(path.read_text())["deploy"]
    for command in (*deploy["preDeployCommand"], deploy["startCommand"]):
        yield "app", path.parents[1] / "flask", words_of(command), {}


def fly(path):
    """Fly.io's commands stand behind the image's ENTRYPOINT."""
    document = tomllib.loads(path.read_text())
    image = image_of(path.parent / document["build"]["dockerfile"])
    commands = [document["deploy"]["release_command"], *document["processes"].values()]
    for command in commands:
        yield "app", path.parents[1] / "flask", image["ENTRYPOINT"] + words_of(command), document["env"]


def procfile(path):
    for line in path.read_text().splitlines():
        yield "app", path.parents[1] / "flask", words_of(line.partition(": ")[2]), {}


def images(path):
    """What an image alone starts: `docker run IMAGE`."""
    image = image_of(path)
    folder = path.parent
    yield "image", folder, image["ENTRYPOINT"] + image["CMD"], image["ENV"]


READERS = {
    "*/docker-compose.yml": compose,
    "*/stack.yaml": compose,
    "*/Dockerfile*": images,
    "kubernetes/*.yaml": kubernetes,
    "render/render.yaml": render,
    "railway/railway.json": railway,
    "fly/fly.toml": fly,
    "heroku/Procfile": procfile,
}


def starts(examples=EXAMPLES):
    """Every Start of every file below examples/, or below a copy of it."""
    return [Start(str(path.relative_to(examples)), *start)
            for pattern, reader in READERS.items()
            for path in sorted(examples.glob(pattern))
            for start in reader(path)]


def files(examples=EXAMPLES):
    """Every file below examples/ that somebody wrote."""
    return [path for path in sorted(examples.rglob("*"))
            if path.is_file() and not {"node_modules", "__pycache__", "instance"} & set(path.parts)]
