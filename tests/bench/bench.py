#!/usr/bin/python3
"""make bench: tminus beside tini, tini-static, dumb-init, catatonit, an nc loop and init.sh.

Everything that is compared is measured in turns within this one run. Nothing is asserted: a busy
machine makes no run fail. Needs root, for the namespaces and the private PostgreSQL.
"""

import argparse
import json
import os
import pathlib
import platform
import signal
import sys
import tempfile
import time

import boot
import contenders
import cpu_group
import pid1
import report
import settled
import waiting
from contenders import BenchError

PARTS = {
    "start": pid1.start,
    "memory": pid1.memory,
    "booted": pid1.booted,
    "wakeups": pid1.wakeups,
    "orphans": pid1.orphans,
    "relay": pid1.relay,
    "stop": pid1.stop,
    "lost": pid1.lost,
    "wait": waiting.wait,
    "settled": settled.settled,
    "boot": boot.boot,
}


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("tminus", nargs="?", type=pathlib.Path, default=contenders.find_tminus(),
                        help="the program (default: build/static/tminus, else build/tminus)")
    parser.add_argument("--only", metavar="PART,...", default=",".join(PARTS),
                        help=f"of {', '.join(PARTS)}")
    parser.add_argument("--rounds", type=int, default=60, help="of start and stop (60)")
    parser.add_argument("--signals", type=int, default=2000, help="relayed by each (2000)")
    parser.add_argument("--terms", type=int, default=100, help="TERMs within 3 ms (100)")
    parser.add_argument("--orphan-rounds", type=int, default=5, help="of 10,000 orphans (5)")
    parser.add_argument("--server-starts", type=int, default=20, help="of PostgreSQL (20)")
    parser.add_argument("--boots", type=int, default=5, help="of examples/flask, each way (5)")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="all samples go there")
    options = parser.parse_args()
    options.only = options.only.split(",")
    unknown = set(options.only) - set(PARTS)
    if unknown:
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    if options.tminus:
        options.tminus = options.tminus.absolute()
        if not options.tminus.exists():
            parser.error(f"{options.tminus} is not there")
    return options


def introduce(options, missing, grouped):
    print(f"tminus: {options.tminus or 'not built'}")
    print(f"Linux {platform.release()}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}")
    if not grouped:
        print("not in a CPU group, as a container is: sessions are scheduled apart (autogroup)")
    if missing:
        print(f"left out, not there: {', '.join(missing)}")


def measure(options, found):
    """Every part that was asked for and can be measured, and why the others cannot."""
    results, failures = {}, {}
    for part in options.only:
        print(f"bench: {part} ...", end="", file=sys.stderr, flush=True)
        begin = time.monotonic()
        try:
            results[part] = PARTS[part](options, found)
        except (BenchError, OSError) as error:
            failures[part] = str(error)
        print(f" {time.monotonic() - begin:.0f} s", file=sys.stderr)
    return results, failures


def save(options, results, failures):
    document = {"tminus": str(options.tminus), "kernel": platform.release(),
                "cpus": os.cpu_count(), "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                "failures": failures, "samples": results}
    options.json.write_text(json.dumps(document, indent=1) + "\n", encoding="ascii")


def show(results, failures):
    print()
    for line in report.tables(report.Results(results)):
        print(line)
    for part, reason in failures.items():
        print(f"\n{part}: not measured: {reason}")
    print()
    for line in report.judge(report.Results(results), [*results, *failures]):
        print(line)


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    options = parse_arguments()
    if os.geteuid() != 0:
        print("bench: it needs root: sudo make bench", file=sys.stderr)
        return 1
    found, missing = contenders.find(options.tminus)
    with cpu_group.joined() as grouped, \
            tempfile.TemporaryDirectory(prefix="tminus-bench-") as scratch:
        introduce(options, missing, grouped)
        options.scratch = pathlib.Path(scratch)
        results, failures = measure(options, found)
    show(results, failures)
    if options.json:
        save(options, results, failures)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
