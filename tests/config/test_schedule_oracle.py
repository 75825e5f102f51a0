"""Schedules of jobs against an independent calculation: minute by minute through the clock of a zone, as
zoneinfo knows it, with the rules of Debian's cron(8) in plain sets.
"""

import collections
import datetime
import functools
import os
import random
import subprocess
import zoneinfo

import pytest

import harness
import servers

CASES = 10000 if harness.LONG else 1000
HORIZON = 9 * 1440  # minutes that the walk goes at most
MINUTE = datetime.timedelta(minutes=1)

# Both hemispheres, a half hour's change (Lord Howe), one at midnight (Beirut, Asuncion), none, a day left out.
CHANGES = [
    ("Europe/Berlin", (2026, 3, 29)), ("Europe/Berlin", (2026, 10, 25)),
    ("America/New_York", (2027, 3, 14)), ("America/New_York", (2027, 11, 7)),
    ("Australia/Lord_Howe", (2026, 4, 5)), ("Australia/Lord_Howe", (2026, 10, 4)),
    ("America/St_Johns", (2010, 11, 7)), ("America/St_Johns", (2010, 3, 14)),
    ("Asia/Beirut", (2026, 3, 29)), ("Asia/Beirut", (2026, 10, 25)),
    ("Pacific/Apia", (2011, 12, 30)), ("Asia/Kolkata", (2026, 5, 1)), ("UTC", (2028, 2, 29)),
]

FIELDS = {"minute": range(60), "hour": range(24), "day": range(1, 32), "month": range(1, 13), "weekday": range(8)}
NAMES = {"month": "jan feb mar apr may jun jul aug sep oct nov dec".split(), "weekday": "sun mon tue wed thu fri sat".split()}

Shown = collections.namedtuple("Shown", "minute hour date")


def values_of(field, text):
    """The numbers that a field's text means."""
    numbers = set()
    every = FIELDS[field]
    for element in text.split(","):
        span, _, step = element.partition("/")
        first, _, last = span.partition("-")
        if span == "*":
            first, last = every[0], every[-1]
        else:
            first, last = (NAMES[field].index(word.lower()) + every[0] if word.isalpha() else int(word) for word in (first, last or first))
        numbers.update(range(first, last + 1, int(step or 1)))
    return numbers


class Cron:
    """One schedule, as crontab(5) has it."""

    def __init__(self, text):
        self.texts = dict(zip(FIELDS, text.split()))
        self.sets = {field: values_of(field, text) for field, text in self.texts.items()}
        self.by_clock = any(self.texts[field].startswith("*") for field in ("minute", "hour"))
        self.either = not any(self.texts[field].startswith("*") for field in ("day", "weekday"))

    @functools.lru_cache(maxsize=None)
    def has_day(self, date):
        day = date.day in self.sets["day"]
        weekday = bool({date.isoweekday(), date.isoweekday() % 7} & self.sets["weekday"])
        return date.month in self.sets["month"] and (day or weekday if self.either else day and weekday)

    def shows(self, shown):
        return shown.minute in self.sets["minute"] and shown.hour in self.sets["hour"] and self.has_day(shown.date)


@functools.lru_cache(maxsize=None)
def walk(zone, start):
    """For each minute from start on: its time, what clocks show, whether they did before, and what they left out."""
    minutes = []
    zone = zoneinfo.ZoneInfo(zone)
    before = datetime.datetime.fromtimestamp(start, zone).replace(tzinfo=None)
    for time in range(start + 60, start + HORIZON * 60, 60):
        local = datetime.datetime.fromtimestamp(time, zone)
        naive = local.replace(tzinfo=None)
        skipped, each = [], before + MINUTE
        while each < naive:
            skipped.append(Shown(each.minute, each.hour, each.date()))
            each += MINUTE
        minutes.append((time, Shown(naive.minute, naive.hour, naive.date()), local.fold == 1, skipped))
        before = naive
    return minutes


def next_run(cron, zone, start, after):
    """The first run behind after; None where the walk from start on meets none."""
    for time, shown, again, skipped in walk(zone, start):
        if time <= after:
            continue
        if cron.shows(shown) and (cron.by_clock or not again):
            return time
        if not cron.by_clock and any(map(cron.shows, skipped)):
            return time
    return None


def random_field(chance, field):
    every = FIELDS[field]

    def element():
        first, last = sorted((chance.choice(every), chance.choice(every)))
        names = NAMES.get(field)
        if names and last - every[0] < len(names) and chance.random() < 0.3:
            first, last = names[first - every[0]], names[last - every[0]].upper()
        text = chance.choice(["*", f"{first}", f"{first}", f"{first}-{last}"])
        step = f"/{chance.randint(1, 20)}" if not text.isalnum() and chance.random() < 0.5 else ""
        return text + step

    if chance.random() < {"minute": 0.2, "hour": 0.3, "day": 0.6, "month": 0.8, "weekday": 0.6}[field]:
        return "*"
    return ",".join(element() for _ in range(chance.choice([1, 1, 2, 3])))


def change_of(zone, start):
    """The first minute at which clocks were set, in the middle of the walk where they were not."""
    minutes = walk(zone, start)
    return next((minute for minute in minutes if minute[3] or minute[2]), minutes[3 * 1440])


def near(chance, zone, start):
    """A schedule of times, and a moment, both close to where clocks are set."""
    time, shown, _, skipped = change_of(zone, start)
    hours = sorted({(shown.hour + shift) % 24 for shift in range(-1, 3)} | {each.hour for each in skipped[-180:]})
    minute = ",".join(str(chance.randrange(60)) for _ in range(chance.choice([1, 2])))
    text = f"{chance.choice([minute, minute, '*/30'])} {chance.choice(hours)} * * *"
    return text, time + chance.randrange(-3 * 3600, 3 * 3600)


@pytest.fixture(scope="session")
def next_runs():
    """Runs tests/config/next_runs.c in a zone."""
    program = servers.build_with_library("tests/config/next_runs.c")

    def run(zone, cases):
        lines = "".join(f"{text}\t{after}\n" for text, after in cases)
        result = subprocess.run([program], input=lines, check=True, capture_output=True, text=True, timeout=120,
                                env={**os.environ, "TZ": zone})
        return result.stdout.split()

    return run


@pytest.mark.parametrize("zone, date", CHANGES)
def test_a_schedule_comes_when_a_walk_through_the_clock_meets_it_first(next_runs, zone, date):
    chance = random.Random(f"{zone} {date}")
    start = int(datetime.datetime(*date, tzinfo=datetime.timezone.utc).timestamp()) - 3 * 86400
    cases = []
    for _ in range(CASES // len(CHANGES) // 2 + 1):
        cases.append(near(chance, zone, start))
        text = " ".join(random_field(chance, field) for field in FIELDS)
        cases.append((text, start + chance.randrange(0, 4 * 86400)))
    met = 0
    for (text, after), found in zip(cases, next_runs(zone, cases), strict=True):
        expected = next_run(Cron(text), zone, start, after)
        met += expected is not None
        if expected is None:  # far away, or on no day that there is
            assert found == "?" or int(found) >= start + HORIZON * 60, (text, after)
        else:
            assert int(found) == expected, (zone, text, after)
    assert met > len(cases) / 3


def test_days_are_those_of_the_calendar_over_years(next_runs):
    chance = random.Random("calendar")
    cases = []
    for _ in range(CASES // 5):
        days = " ".join(random_field(chance, field) for field in ("day", "month", "weekday"))
        cases.append((f"7 3 {days}", chance.randrange(1_000_000_000, 4_000_000_000)))
    for (text, after), found in zip(cases, next_runs("UTC", cases), strict=True):
        cron = Cron(text)
        time = after - after % 86400 + 3 * 3600 + 7 * 60
        days = range(time if time > after else time + 86400, after + 9 * 366 * 86400, 86400)
        expected = next((day for day in days if cron.has_day(datetime.datetime.fromtimestamp(day, datetime.timezone.utc).date())), None)
        if expected is None:
            assert found == "?" or int(found) > days[-1], text
        else:
            assert int(found) == expected, (text, after)
