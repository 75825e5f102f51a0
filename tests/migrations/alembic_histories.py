"""Histories of Alembic revisions made at random, the way people and tools write them down, and the ways in
which they go wrong."""

import dataclasses
import pathlib

FLASK_ENV = "from alembic import context\nfrom flask import current_app\n\nconfig = context.config\n"
PLAIN_ENV = "from alembic import context\n\nconfig = context.config\n"
INI = "[alembic]\n# file_template = %%(rev)s_%%(slug)s\n{settings}\n[loggers]\nkeys = root\n"
NAMES = ("revision", "down_revision", "branch_labels", "depends_on")


@dataclasses.dataclass
class Revision:
    id: str
    down: list = dataclasses.field(default_factory=list)
    labels: list = dataclasses.field(default_factory=list)
    depends: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Project:
    """A folder with a migrations folder in it, and a state of the database's version table."""

    folder: pathlib.Path
    is_flask: bool
    revisions: list
    ordinary: bool = True
    rows: list = dataclasses.field(default_factory=list)
    has_table: bool = True
    tables: int = 3
    settings: str = ""
    locations: list = dataclasses.field(default_factory=lambda: ["versions"])
    notes: list = dataclasses.field(default_factory=list)

    @property
    def directory(self):
        return self.folder / "migrations"

    @property
    def ini(self):
        return (self.directory if self.is_flask else self.folder) / "alembic.ini"

    def odd(self, note):
        self.ordinary = False
        self.notes.append(note)


def identifier(chance, number, style):
    if style == "hexadecimal":
        return f"{chance.getrandbits(48):012x}"
    if style == "number":
        return f"{number + 1:04d}"
    return f"{number + 1:03d}_{chance.choice(['add', 'drop', 'rename'])}_{chance.choice(['user', 'order'])}"


def history(chance, count):
    """A directed graph without cycles: mostly a line, with branches, merges, labels and dependencies."""
    style = chance.choice(["hexadecimal", "hexadecimal", "number", "slug"])
    branching = chance.choice([0, 0, 0.1, 0.3, 0.6])
    revisions, heads = [], []
    for number in range(count):
        revision = Revision(identifier(chance, number, style))
        if heads and chance.random() >= branching / 3:
            revision.down = [heads[-1] if chance.random() >= branching else chance.choice(revisions)]
            if len(heads) > 1 and chance.random() < branching:
                revision.down = chance.sample(heads, 2)
        down = {each.id for each in revision.down}
        revision.down = sorted(down)
        if not down and revisions or chance.random() < branching / 4:
            revision.labels = [f"branch{number}"] + ([f"also{number}"] if chance.random() < 0.2 else [])
        if revisions and chance.random() < branching:
            below = closure(revisions, revision.down)
            aside = [each for each in revisions if each.id not in below]
            revision.depends = [dependency(chance, chance.choice(aside or revisions))]
        heads = [head for head in heads if head.id not in down] + [revision]
        revisions.append(revision)
    if len(heads) > 1 and chance.random() < 0.5:
        merge = Revision(identifier(chance, count, style), down=[head.id for head in heads])
        revisions.append(merge)
    return revisions


def dependency(chance, revision):
    return chance.choice(revision.labels) if revision.labels and chance.random() < 0.5 else revision.id


# --- how a value is written ------------------------------------------------------------------------


def quoted(chance, text, plain):
    if plain:
        return repr(text)
    return chance.choice(["'{}'", '"{}"', "'''{}'''", '"""{}"""', 'u"{}"', "r'{}'", "U'{}'", 'R"""{}"""']).format(text)


def literal(chance, values, plain, single):
    """values as None, a string, a tuple or a list; single: one value may not be in a tuple."""
    if not values:
        return "None" if plain or chance.random() < 0.8 or single else chance.choice(["()", "[]", "( )", "(None)"])
    words = [quoted(chance, value, plain) for value in values]
    if len(words) == 1 and (plain or single or chance.random() < 0.7):
        form = "{}" if plain else chance.choice(["{}", "{}", "({})", "(\n    {}\n)", "( # why\n {} )", "\\\n    {}"])
        return form.format(words[0])
    if plain:
        return "(" + ", ".join(words) + ("," if len(words) == 1 else "") + ")"
    comma = "," if len(words) == 1 else chance.choice(["", ","])
    separator = chance.choice([", ", ",", ",\n    ", ",  # next\n  "])
    return chance.choice(["({}{})", "(\n    {}{}\n)", "[{}{}]", "{}{}"] if "\n" not in separator else ["({}{})", "[{}{}]"]).format(
        separator.join(words), comma)


def assignment(chance, name, value, plain):
    if plain:
        return f"{name} = {value}"
    annotation = chance.choice(["", "", ": str", ": Union[str, None]", ": str | None", ": Union[str, Sequence[str], None]",
                                ": 'Union[str, None]'"])
    return name + annotation + chance.choice([" = ", "=", " =  "]) + value + chance.choice(["", "  # noqa", ";", " "])


DECOYS = [
    '"""\nrevision = "decoy"\n"""',
    "x = '''\ndown_revision = None\n'''",
    "# revision = 'decoy'",
    "def local():\n    revision = 'decoy'\n    return revision",
    "class Settings:\n    revision = 'decoy'\n    down_revision = 'decoy'",
    "def sql():\n    op.execute(\n        '''\nrevision = 'decoy'\n'''\n    )",
    "def sql2():\n    op.execute(\"\"\"UPDATE t SET a = 'it''s' # \\\"\\\"\\\"\n revision = 1\n\"\"\")\n    global_ = {'a': [1, (2, 3)]}",
    "table = sa_table(\n    'a',\nname='b')",
    "if 1 < 2:\n    import os\nelse:\n    os = None",
    "with_f = f'{1 + 1} {{x}}' + f\"\"\"{'a'}'\"\"\"",
    "a = b'\\'' + b\"#\"  # it's",
    "try:\n    import nothing_at_all\nexcept ImportError:\n    nothing_at_all = None",
    "revision_date = '2024'; my_revision = revision_date",
    "lines = [\n'revision = \"decoy\"',\n]",
    "revision = 'first'\nrevision: str",
]


def source(chance, revision, plain):
    """One revision file."""
    values = dict(revision=[revision.id], down_revision=revision.down, branch_labels=revision.labels,
                  depends_on=revision.depends)
    statements = []
    for name in NAMES:
        if not plain and not values[name] and name in NAMES[2:] and chance.random() < 0.1:
            continue
        single = name == "revision"
        statements.append(assignment(chance, name, literal(chance, values[name], plain, single), plain))
    head = f'"""message\n\nRevision ID: {revision.id}\nRevises: {", ".join(revision.down)}\n\n"""\n'
    imports = "from typing import Sequence, Union\n\nfrom alembic import op\n\n"
    body = "\n\ndef upgrade():\n    op.execute('SELECT 1')\n\n\ndef downgrade():\n    pass\n"
    if plain:
        return head + imports + "\n".join(statements) + body
    chance.shuffle(statements)
    if chance.random() < 0.3:
        statements.insert(0, chance.choice(DECOYS[:-1] * 3 + DECOYS[-1:]).replace("sa_table(", "dict(a="))
    if chance.random() < 0.2:
        body += "\n\n" + chance.choice(DECOYS[:-1]).replace("sa_table(", "dict(a=") + "\n"
    joined = "\n".join(statements)
    text = chance.choice(["", "# -*- coding: utf-8 -*-\n", "#!/usr/bin/python\n# vim: set fileencoding=utf-8 :\n"])
    text += head + imports + joined + body
    return text if chance.random() < 0.8 else text.rstrip("\n")


def encoded(chance, text, plain):
    data = text.encode()
    if plain:
        return data
    if chance.random() < 0.1:
        data = data.replace(b"\n", b"\r\n")
    return b"\xef\xbb\xbf" + data if chance.random() < 0.05 else data


# --- what makes a file uncertain -------------------------------------------------------------------

TRICKS = [
    "if True:\n    {name} = {value}",
    "for {name} in [{value}]:\n    pass",
    "try:\n    {name} = {value}\nfinally:\n    pass",
    "def change():\n    global {name}\n    {name} = {value}\n\n\nchange()",
    "def change(): global {name}; {name} = {value}\nchange()",
    "def change():\n    x = 1; global {name}\n    {name} = {value}\nchange()",
    "def change():\n    globals()['{name}'] = {value}\nchange()",
    "globals()['{name}'] = {value}",
    "exec('{name} = ' + repr({value}))",
    "def change():\n    exec(\"globals()['{name}'] = \" + repr({value}))\nchange()",
    "vars()['{name}'] = {value}",
    "locals()['{name}'] = {value}",
    "print(({name} := {value}), end='')",
    'f"{{({name} := {value})}}"',
    "x, {name} = 1, {value}",
    "x = {name} = {value}",
    "({name}) = {value}",
    "[{name}] = [{value}]",
    "{name} = {value} if True else None",
    "{name} = str('') or {value}",
    "{name} = ({value})\nif 1: {name} = {name}",
    "class {name}: pass\n{name} = {value}",
    "{name} = {value}\ndel {name}\n{name} = {value}",
    "{name} = 'wrong'\n{name} = {value}",
    "{name} = {value}; x = '''\n{name} = 1'''",
    "{name}: str = {value}; {name}: str",
    "if True: x = 1; {name} = {value}",
    "x = 1; {name} = {value}",
    "while True:\n    {name} = {value}\n    break",
    "import contextlib\nwith contextlib.nullcontext({value}) as {name}:\n    pass",
    "class Change:\n    global {name}\n    {name} = {value}",
    "{name} = \\\n  {value}",
    " \f{name} = {value}",
    "def change():\n    pass\n\f{name} = {value}",
    "def change(): pass\n{name} = {value}",
    "def change():\n    return 'a\\\n{name} = 1'\n{name} = {value}",
    "def change():\n    return (\n1)\n{name} = {value}",
    "class A:\n    x = '''\ndef a():\n    '''\n    y = '''\n{name} = {value}\n'''",
    "x = r'\\''; {name} = {value}  # '",
    "{wide} = {value}",
    "from os.path import *\n{name} = {value}",
    "{name} = {value}\nfrom os.path import *",
    "def a():\n    x = '''\ndef b(): pass\n{name} = {value}\n    '''  # '''",
    "lambda: None; {name} = {value}",
    "@lambda f: {value}\ndef {name}(): pass",
    "import os as {name}\n{name} = {value}",
    "{name} = [x for x in [{value}]][0]",
    "{name} = {value}\r{name} = {value}",
    "{name} = b'bytes'\n{name} = {value}",
    "x = '\\\n{name} = None'\n{name} = {value}",
    "match 1:\n    case _: {name} = {value}",
    "{name} = {value}.strip()\n",
    "{name}  :  str  =  (  {value}  )  ;",
]


def wide(name):
    """The same name to Python, which normalizes identifiers."""
    return name.replace("e", "\uff45", 1).replace("o", "\uff4f", 1)


def with_trick(text, made, before_bodies):
    """text with one more statement, before its functions or at its end."""
    if not before_bodies:
        return f"{text}\n{made}\n"
    head, body = text.split("\n\ndef upgrade", 1)
    return f"{head}\n{made}\n\n\ndef upgrade{body}"


def trick(form, name, value):
    return form.format(name=name, value=repr(value), wide=wide(name))


# --- projects --------------------------------------------------------------------------------------


def file_name(chance, revision, plain):
    name = f"{revision.id}_message.py"
    return name if plain else chance.choice(["{}", "{}", "_{}", ".{}", "2024-01-01_{}", "a b {}"]).format(name)


def write_decoys(chance, folder):
    """Files that Alembic does not load."""
    for name in ("__init__.py", "__init__old.py", ".#a.py", "a.py~", "a.pyc", "README", "a.py.orig"):
        if chance.random() < 0.2:
            (folder / name).write_text("revision = 'decoy'\ndown_revision = None\n")
    if chance.random() < 0.2:
        (folder / "__pycache__").mkdir()


def place(chance, project):
    """version_locations, at times."""
    if chance.random() >= 0.12:
        return
    project.locations = ["versions", "more"][: chance.choice([1, 2, 2])]
    paths = [f"%(here)s/{'' if project.is_flask else 'migrations/'}{name}" for name in project.locations]
    if chance.random() < 0.3:
        paths.append("%(here)s/missing")
    if chance.random() < 0.3:
        paths = [str(project.directory / name) for name in project.locations]
    separator, words = chance.choice([(" ", ""), (", ", ""), (",", ""), (":", "os"), (";", ";"), (" ", "space")])
    project.settings += "version_locations = " + separator.join(paths) + "\n"
    if words:
        project.settings += f"version_path_separator = {words}\n"


def write(chance, project, plain):
    project.directory.mkdir(parents=True)
    (project.directory / "env.py").write_text(FLASK_ENV if project.is_flask else PLAIN_ENV)
    place(chance, project)
    if not project.is_flask:
        location = chance.choice(["%(here)s/migrations", str(project.directory)])
        project.settings += f"script_location = {location}\n"
    project.ini.write_text(INI.format(settings=project.settings))
    for name in project.locations:
        (project.directory / name).mkdir()
        write_decoys(chance, project.directory / name)
    for revision in project.revisions:
        folder = project.directory / chance.choice(project.locations)
        text = source(chance, revision, plain)
        (folder / file_name(chance, revision, plain)).write_bytes(encoded(chance, text, plain))


def scripts(project):
    return sorted(path for name in project.locations for path in (project.directory / name).glob("*_message.py"))


def closure(revisions, starts):
    """The identifiers of everything that starts stand on, with themselves."""
    known = {revision.id: revision for revision in revisions}
    known |= {label: revision for revision in revisions for label in revision.labels}
    found, waiting = set(), list(starts)
    while waiting:
        revision = known[waiting.pop()]
        if revision.id not in found:
            found.add(revision.id)
            waiting += revision.down + revision.depends
    return found


def effective(revisions, applied):
    """The rows that Alembic keeps when these are applied: those on which no other of them stands."""
    below = set()
    for revision in revisions:
        if revision.id in applied:
            below |= closure(revisions, revision.down + revision.depends)
    return [identifier for identifier in applied if identifier not in below]


def fill(chance, project):
    """The state of the version table, as upgrades leave it."""
    ids = [revision.id for revision in project.revisions]
    state = chance.choice(["heads", "heads", "heads", "behind", "behind", "behind", "some", "empty", "none", "unversioned"])
    starts = ids if state == "heads" else chance.sample(ids, chance.choice([1, 1, min(2, len(ids))]))
    if state == "behind":
        starts = ids[: chance.randrange(len(ids)) + 1][-1:]
    if state in ("heads", "behind", "some"):
        project.rows = effective(project.revisions, closure(project.revisions, starts))
        chance.shuffle(project.rows)
    else:
        project.has_table = state == "empty"
        project.tables = 4 if state == "unversioned" else 0


# --- what goes wrong -------------------------------------------------------------------------------


def lose_file(chance, project):
    path = chance.choice(scripts(project))
    path.unlink()


def rename_file(chance, project):
    path = chance.choice(scripts(project))
    path.rename(path.with_name("renamed" + chance.choice([".py", ".txt"])))


def copy_file(chance, project):
    path = chance.choice(scripts(project))
    path.with_name("copy.py").write_bytes(path.read_bytes())


def replace_down(chance, project, value):
    path = chance.choice(scripts(project))
    path.write_text(path.read_bytes().decode("utf-8-sig") + f"\ndown_revision = {value}\n")


def make_cycle(chance, project):
    replace_down(chance, project, repr(chance.choice(project.revisions).id))


def make_wide_cycle(chance, project):
    replace_down(chance, project, repr(tuple(chance.choice(project.revisions).id for _ in range(2))))


def depend_badly(chance, project):
    path = chance.choice(scripts(project))
    target = chance.choice(project.revisions)
    value = chance.choice([target.id, target.id[:5], "nothing", *target.labels])
    path.write_text(path.read_bytes().decode("utf-8-sig") + f"\ndepends_on = {value!r}\n")


def name_badly(chance, project):
    path = chance.choice(scripts(project))
    value = chance.choice(["a-b", "a@b", "a+1", "", "x" * 200, "\u00e9", "a\\x41", "a b"])
    path.write_text(path.read_bytes().decode("utf-8-sig") + f"\nrevision = '{value}'\n")


def label_badly(chance, project):
    labels = [label for revision in project.revisions for label in [revision.id, *revision.labels]]
    path = chance.choice(scripts(project))
    value = repr(chance.choice(labels + [("x", "x"), ""]))
    path.write_text(path.read_bytes().decode("utf-8-sig") + f"\nbranch_labels = {value}\n")


def spoil(chance, project):
    data = chance.choice([b"", b"x = 1\n", b"revision = 'a'\n", b"down_revision = None\n", b"revision = 'a'\ndown_revision = (",
                          b"revision = '\xff'\ndown_revision = None\n", b"\x00", b"revision = 'a\ndown_revision = None\n",
                          b"# coding: utf-16\nrevision = 'a'\ndown_revision = None\n", b"\\", b"'''", b"revision = None\n",
                          b"revision = 12\ndown_revision = None\n", b"# coding: rot13\nerivfvba = 'a'\n"])
    folder = project.directory / chance.choice(project.locations)
    (folder / chance.choice(["spoilt.py", "abc123.py"])).write_bytes(data)


def make_strange_entry(chance, project):
    path = project.directory / chance.choice(project.locations) / "strange.py"
    kind = chance.choice(["directory", "dangling", "loop", "link", "outside"])
    if kind == "directory":
        path.mkdir()
    else:
        path.symlink_to({"dangling": "nowhere", "loop": "strange.py", "link": scripts(project)[0].name,
                         "outside": "/dev/null"}[kind])


def lose_folder(chance, project):
    for path in scripts(project):
        path.unlink()
    if chance.random() < 0.5:
        for name in project.locations:
            (project.directory / name).rename(project.directory / (name + "_away"))


def strange_rows(chance, project):
    ids = [revision.id for revision in project.revisions]
    labels = [label for revision in project.revisions for label in revision.labels]
    words = ["head", "heads", "base", "foreign", ids[0][:4], ids[-1][:6], ids[0] + "0", "-1", "+1", f"{ids[0]}@head", "1", "abc def"]
    project.has_table = True
    project.rows = chance.choice([
        [chance.choice(words + labels)], chance.sample(ids, min(len(ids), chance.choice([1, 2, 3]))), ids,
        [ids[-1], "foreign"], [ids[0], chance.choice(words)]])


def tune(chance, project):
    line = chance.choice(["sourceless = true", "sourceless = false", "recursive_version_locations = true",
                          "version_locations = migrations", "version_locations = package:versions", "script_location = other",
                          "version_locations = %(here)s/versions\n  %(here)s/more", "version_locations = %(there)s/a",
                          "version_path_separator = pipe", "[DEFAULT]\nsourceless = true", "this is no line"])
    project.ini.write_text(project.ini.read_text().replace("[alembic]\n", "[alembic]\n" + line + "\n[alembic]\n" * line.startswith("[")))


FAULTS = [lose_file, lose_file, rename_file, copy_file, make_cycle, make_wide_cycle, depend_badly, depend_badly, name_badly,
          label_badly, spoil, spoil, make_strange_entry, lose_folder, strange_rows, strange_rows, strange_rows, strange_rows, tune]


def make(chance, folder, count=None):
    """A project, written to folder."""
    count = count or chance.choice([1, 2, 3, 4, 5, 6, 8, 12, 20, 40])
    project = Project(folder, is_flask=chance.random() < 0.6, revisions=history(chance, count))
    write(chance, project, plain=count > 100 or chance.random() < 0.2)
    fill(chance, project)
    if chance.random() < 0.4:
        fault = chance.choice(FAULTS)
        fault(chance, project)
        project.odd(fault.__name__)
    return project
