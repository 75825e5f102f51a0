"""The tables of the results, and what they say about each aim. Nothing here fails a run."""

import math
import statistics

from boot import GUNICORN, INIT_SH, PRODUCTION
from contenders import ALONE, FLOOR, OURS, PEERS
from waiting import LOOP

PID1_COLUMNS = [OURS, *PEERS, FLOOR, ALONE]


def percentile(samples, percent):
    """Nearest rank."""
    ordered = sorted(samples)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def p90(samples):
    return percentile(samples, 90)


def p99(samples):
    return percentile(samples, 99)


median = statistics.median

# Part, figure, title, what of the samples, decimals: the rows of the first table.
PID1_ROWS = [
    ("start", "ms", "start of true, ms", median, 2),
    ("memory", "rss", "RSS, kB", median, 0),
    ("memory", "dirty", "private dirty, kB", median, 0),
    ("booted", "rss", "RSS after a boot, kB", median, 0),
    ("booted", "dirty", "private dirty after a boot, kB", median, 0),
    ("wakeups", "count", "wake-ups in 10 idle s", median, 0),
    ("orphans", "ms", "CPU for 10,000 orphans, ms", median, 1),
    ("relay", "us", "relay of a signal p50, us", median, 0),
    ("relay", "us", "relay of a signal p99, us", p99, 0),
    ("stop", "ms", "stop, ms", median, 2),
    ("lost", "lost", "TERMs lost within 3 ms", sum, 0),
    ("lost", "able", "  once blocked or caught", sum, 0),
]
OTHER_ROWS = [
    ("wait", "ms", "ready to next command, median ms", median, 0),
    ("wait", "ms", "ready to next command, p90 ms", p90, 0),
    ("boot", "ms", "start to healthy, median ms", median, 0),
]


class Results:
    """{part: {contender: {figure: samples}}} of one run, and the numbers drawn from it."""

    def __init__(self, parts):
        self.parts = parts

    def value(self, part, name, figure, reduce):
        """None where it was not measured."""
        samples = self.parts.get(part, {}).get(name, {}).get(figure)
        return reduce(samples) if samples else None

    def best_peer(self, part, figure, reduce):
        values = {name: self.value(part, name, figure, reduce) for name in PEERS}
        known = [(value, name) for name, value in values.items() if value is not None]
        return min(known) if known else (None, "no peer")


def cell(value, decimals):
    return "-" if value is None else f"{value:,.{decimals}f}"


def table(columns, rows):
    """Lines; rows are (title, cells)."""
    width = max([12] + [len(name) + 2 for name in columns])
    lines = [" " * 34 + "".join(f"{name:>{width}}" for name in columns)]
    return lines + [f"{title:<34}" + "".join(f"{text:>{width}}" for text in cells)
                    for title, cells in rows]


def measured_rows(results, rows, columns):
    for part, figure, title, reduce, decimals in rows:
        if part not in results.parts:
            continue
        yield title, [cell(results.value(part, name, figure, reduce), decimals)
                      for name in columns]
        if part == "start":
            yield "  ratio to tini", [cell(start_ratio(results, name), 2) for name in columns]


def start_ratio(results, name):
    ours = results.value("start", name, "ms", median)
    tini = results.value("start", "tini", "ms", median)
    return ours / tini if ours and tini else None


def tables(results):
    """All that was measured, as lines: PID 1 in one table, each other part in one of its own."""
    lines = []
    columns = [name for name in PID1_COLUMNS
               if any(name in part for part in results.parts.values())]
    rows = list(measured_rows(results, PID1_ROWS, columns))
    if rows:
        lines += table(columns, rows)
    for part, columns in [("wait", [OURS, LOOP]), ("boot", [OURS, PRODUCTION, INIT_SH, GUNICORN])]:
        rows = list(measured_rows(results, [row for row in OTHER_ROWS if row[0] == part], columns))
        if rows:
            lines += ["", *table(columns, rows)]
    rows = list(settled_rows(results))
    if rows:
        lines += ["", *table(["tminus", "init.sh", "app alone"], rows)]
    return lines


def added(samples):
    """What tminus adds to the app's own start, in ms."""
    return median(samples["tminus"]) - median(samples["alone"])


def settled_rows(results):
    """Of each database: the app through tminus and init.sh, and alone."""
    for name, samples in results.parts.get("settled", {}).items():
        yield f"settled, {name} revisions, ms", [
            cell(median(samples[way]), 1) for way in ("tminus", "init.sh", "alone")]


def most_added(results):
    """Of all databases; without TLS."""
    parts = results.parts.get("settled", {})
    return max((added(samples) for name, samples in parts.items() if "TLS" not in name), default=None)


def fixed(limit, unit):
    """A limit that does not depend on the run."""
    return lambda results: (limit, f"{limit:g} {unit}".rstrip())


def best(part, figure, reduce, unit):
    """The best peer of this run is the limit."""
    def limit(results):
        value, name = results.best_peer(part, figure, reduce)
        return value, f"{name}'s {cell(value, 2)} {unit}"
    return limit


def of(name, part, figure, reduce, unit):
    """Another contender of this run is the limit."""
    def limit(results):
        value = results.value(part, name, figure, reduce)
        return value, f"{name}'s {cell(value, 2)} {unit}".rstrip()
    return limit


def ours(part, figure, reduce):
    return lambda results: results.value(part, OURS, figure, reduce)


def ratio(results):
    return start_ratio(results, OURS)


# Part, title, tminus's value, the limit that it must not exceed.
AIMS = [
    ("start", "start, ratio to tini", ratio, fixed(0.65, "")),
    ("memory", "RSS", ours("memory", "rss", median), fixed(450, "kB")),
    ("memory", "private dirty", ours("memory", "dirty", median), fixed(40, "kB")),
    ("booted", "RSS after a boot", ours("booted", "rss", median), fixed(450, "kB")),
    ("booted", "private dirty after a boot", ours("booted", "dirty", median), fixed(40, "kB")),
    ("wakeups", "wake-ups in 10 idle s", ours("wakeups", "count", median), fixed(0, "")),
    ("orphans", "CPU for 10,000 orphans", ours("orphans", "ms", median),
     best("orphans", "ms", median, "ms")),
    ("relay", "relay p50", ours("relay", "us", median), of("tini", "relay", "us", median, "us")),
    ("relay", "relay p99", ours("relay", "us", p99), best("relay", "us", p99, "us")),
    ("stop", "stop", ours("stop", "ms", median), best("stop", "ms", median, "ms")),
    ("lost", "TERMs lost once able", ours("lost", "able", sum), fixed(0, "")),
    ("lost", "TERMs lost in all", ours("lost", "lost", sum), of(FLOOR, "lost", "lost", sum, "")),
    ("wait", "wait detection, median", ours("wait", "ms", median), fixed(25, "ms")),
    ("settled", "settled start, added, worst", most_added, fixed(15, "ms")),
    ("boot", "whole boot", ours("boot", "ms", median), of(INIT_SH, "boot", "ms", median, "ms")),
]


def judge(results, parts):
    """A line per aim of these parts: met or not met, with the numbers of this run."""
    lines = []
    for part, title, measure, limit_of in AIMS:
        if part not in parts:
            continue
        value = measure(results)
        limit, text = limit_of(results)
        if value is None or limit is None:
            verdict = "not measured"
        else:
            verdict = "met" if value <= limit else "not met"
        lines.append(f"{verdict:<13}{title:<28}{cell(value, 2):>10}   at most {text}")
    return lines
