"""A CPU control group for all that is measured, as every container has one.

Outside of any the kernel schedules each session as a group of its own (autogroup, sched(7)). A
PID 1 whose app has a session of its own, as dumb-init's, would be measured as it runs nowhere.
"""

import contextlib
import os
import pathlib


def hierarchies():
    """(mount point, our path in it) where the CPU controller can be had; version 1 comes first."""
    ours = {}
    for line in pathlib.Path("/proc/self/cgroup").read_text(encoding="ascii").splitlines():
        _, controllers, path = line.split(":", 2)
        ours.update(dict.fromkeys(controllers.split(","), path))
    for line in pathlib.Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines():
        _, point, kind, options, *_ = line.split()
        control = pathlib.Path(point, "cgroup.subtree_control")
        if kind == "cgroup" and "cpu" in options.split(","):
            yield pathlib.Path(point), ours["cpu"]
        elif kind == "cgroup2" and control.exists() and "cpu" in control.read_text().split():
            yield pathlib.Path(point), ours[""]


def move(group):
    (group / "cgroup.procs").write_text(str(os.getpid()), encoding="ascii")


@contextlib.contextmanager
def joined():
    """Within, this process and those that it starts are in a group. Yields whether that is so."""
    with contextlib.ExitStack() as leave:
        done = False
        with contextlib.suppress(OSError, StopIteration):
            point, path = next(hierarchies())
            group = point / f"tminus-bench-{os.getpid()}"
            group.mkdir()
            leave.enter_context(contextlib.suppress(OSError))
            leave.callback(group.rmdir)
            move(group)
            leave.callback(move, point / path.lstrip("/"))
            done = True
        yield done
