"""Several processes in one group: what another one adds, and what its coming and going costs."""

import statistics
import time
import urllib.error

from lanes import EVEN, delay_options
from rows import expect, worker_command
from stand import PARTITIONS, BenchmarkError, Filling, Process, free_port, get, wait_until

SIZES = (1, 2, 4, 8)
# 2,500 records a second for each process, which leaves the cores something to spare for eight.
IN_FLIGHT = 50
SINK_SECONDS = 0.02
SCALE = {size: Filling(f"events.scale.{size}", 25_000 * size, even=True) for size in SIZES}


class Member(Process):
    """A worker with a sink that takes 20 ms, and its admin server."""

    def __init__(self, stand, topic, group, library):
        port = free_port()
        command = worker_command(stand, topic, "run", group=group)
        options = delay_options(f"{SINK_SECONDS * 1000:g}ms", IN_FLIGHT)
        super().__init__([*command, *options, "--admin-port", str(port)], library)
        self.url = f"http://127.0.0.1:{port}/status"

    def status(self):
        """None while it does not answer."""
        try:
            return get(self.url)
        except (urllib.error.URLError, OSError):
            return None

    def kill(self):
        self.process.kill()
        self.process.wait()


class Group:
    """Members that work on one topic."""

    def __init__(self, stand, topic, library):
        self.stand, self.topic, self.library = stand, topic, library
        self.name = stand.new_group()
        self.members = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for member in self.members:
            member.__exit__()

    def add(self, number=1):
        self.members += [Member(self.stand, self.topic, self.name, self.library) for _ in range(number)]
        return self.members[-1]

    def statuses(self):
        return [status for status in (member.status() for member in self.members) if status]

    def is_settled(self):
        """Every partition has one owner, every member an equal share."""
        shares = [len(status["partitions"]) for status in self.statuses() if status["phase"] == "working"]
        return sum(shares) == PARTITIONS and len(shares) == len(self.members) and max(shares) - min(shares) <= 1


def finished(statuses):
    return sum(status["counts"]["finished"] for status in statuses)


def lag(statuses):
    """Records that are not committed; more than there are while a partition has no owner."""
    partitions = [partition for status in statuses for partition in status["partitions"]]
    if len(partitions) != PARTITIONS or any(p["end"] is None for p in partitions):
        return 1
    return sum(p["end"] - (p["committed"] or 0) for p in partitions)


def rate(group, events):
    """Records a second, from when all work until a tenth of the records is left, before some run out of partitions."""
    wait_until("all members have their share", group.is_settled)
    first, start = finished(group.statuses()), time.monotonic()
    done, now = first, start
    while done < events * 0.9:
        time.sleep(0.2)
        done, now = finished(group.statuses()), time.monotonic()
        if now - start > 120:
            raise BenchmarkError(f"{done} of {events} events after two minutes")
    if now - start < 2:
        raise BenchmarkError("the members were not ready before most of the records were done")
    return (done - first) / (now - start)


def scale(stand, data, library):
    single = None
    for size in SIZES:
        topic = data[SCALE[size].topic]
        with Group(stand, topic.topic, library) as group:
            group.add(size)
            speed = rate(group, topic.events)
            wait_until("all is committed", lambda group=group: lag(group.statuses()) == 0)
            statuses = group.statuses()
        for name in ("dead_letters", "rejected", "lost_assignments"):
            expect(name, sum(status["counts"][name] for status in statuses), 0)
        again = finished(statuses) - topic.events
        # Only a rebalance may bring records again.
        rebalances = max(status["counts"]["rebalances"] for status in statuses)
        if again < 0 or (again > 0 and rebalances == 1):
            raise BenchmarkError(f"{finished(statuses)} records finished instead of {topic.events}")
        single = single or speed
        yield {
            "what": "1 process" if size == 1 else f"{size} processes",
            "events": topic.events,
            "per_second": speed,
            "of_linear": speed / (single * size),
            "of_ideal": speed / (size * IN_FLIGHT / SINK_SECONDS),
            "again": again,
        }


class Progress:
    """When each partition last came forward, by whose hand, and how long it stood when it changed hands."""

    def __init__(self):
        self.last = {}
        self.moved = {}
        self.stayed = {}

    def look(self, group):
        now = time.monotonic()
        for member in group.members:
            status = member.status()
            for partition in status["partitions"] if status else []:
                number, frontier = partition["partition"], partition["frontier"] or 0
                owner, before, since = self.last.get(number, (member, -1, now))
                if frontier <= before and owner is member:
                    continue
                if owner is not member:
                    # What it begins with is not progress yet: it may be asked for again.
                    if frontier <= before:
                        continue
                    self.moved[number] = now - since
                else:
                    self.stayed[number] = max(self.stayed.get(number, 0), now - since)
                self.last[number] = (member, frontier, now)

    def watch(self, group, is_over, patience=60):
        """Looks until it is over and every partition has come forward since."""
        deadline, over = time.monotonic() + patience, None
        while over is None or any(since < over for _, _, since in self.last.values()):
            self.look(group)
            if over is None and is_over():
                over = time.monotonic()
            if time.monotonic() > deadline:
                raise BenchmarkError(f"waited {patience} s in vain for every partition to come forward again")
            time.sleep(0.05)

    def line(self, what):
        moved, stayed = list(self.moved.values()), [s for n, s in self.stayed.items() if n not in self.moved]
        if not moved:
            raise BenchmarkError(f"{what}: no partition has changed hands")
        return {
            "what": what,
            "moved": len(moved),
            "median": statistics.median(moved),
            "longest": max(moved),
            "others": max(stayed, default=0.0),
        }


def membership(stand, data, library):
    """Two members work; a third comes, goes, comes, and is killed."""

    def change(what, act):
        progress = Progress()
        progress.watch(group, lambda: len(progress.last) == PARTITIONS)
        progress.moved.clear()
        progress.stayed.clear()
        act()
        progress.watch(group, group.is_settled)
        return progress.line(what)

    def leave():
        member = group.members.pop()
        with member:
            member.process.terminate()
            member.process.wait(60)

    def die():
        member = group.members.pop()
        with member:
            member.kill()

    with Group(stand, data[EVEN.topic].topic, library) as group:
        group.add(2)
        wait_until("both members have their share", group.is_settled)
        yield change("a third member comes", group.add)
        yield change("it goes, by SIGTERM", leave)
        group.add()
        wait_until("the third member is back", group.is_settled)
        yield change("it is killed, by SIGKILL", die)
        statuses = group.statuses()
    expect("dead letters", sum(status["counts"]["dead_letters"] for status in statuses), 0)
