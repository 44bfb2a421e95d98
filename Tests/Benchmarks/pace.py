"""Work at a pace that the producer sets: latency at half load, and memory over a minute."""

import math
import os
import time
from collections import defaultdict, deque
from concurrent.futures import ThreadPoolExecutor

from rows import expect, prefetch, worker, worker_command
from stand import PACED_PARTITIONS, BenchmarkError, Filling, Process, free_port, get, resident, wait_until

SECONDS = 10
# At the start connections and joins are still young.
WARM_UP_MS = 1000
# The embedded broker sits every wait out, even when something comes, so it must be short to see anything else.
PROPERTIES = ";fetch.wait.max.ms=5"

STEADY_RATE = 2000
# The page cache of the journal is full after some 50,000 events, and then nothing should grow any more.
STEADY_SECONDS = 60


class Working(Process):
    """A worker that has every partition before the `with` begins."""

    def __init__(self, stand, topic, library, *options, properties=""):
        port = free_port()
        command = worker_command(stand, topic, "run", properties=properties)
        super().__init__([*command, *options, "--admin-port", str(port)], library)
        self.url = f"http://127.0.0.1:{port}/status"

    def __enter__(self):
        wait_until("the worker's admin server answers", self.answers)
        wait_until("the worker has its partitions", lambda: len(get(self.url)["partitions"]) == PACED_PARTITIONS)
        return self

    def answers(self):
        try:
            return bool(get(self.url))
        except OSError:
            return False


def quantile(sorted_values, share):
    return sorted_values[max(0, math.ceil(share * len(sorted_values)) - 1)]


def quantiles(values):
    values = sorted(values)
    return {f"p{share * 100:g}": quantile(values, share) for share in (0.5, 0.99, 0.999)}


def latency(stand, data, library):
    """From when a record should have been sent to when the worker handed its notification to its producer, whose
    timestamp that has. Beside it a plain reader, in C, of the same records."""
    small = data["events.small.zstd"]
    sink = ["--notification-sink", "kafka", "--publication-sink", "none", "--journal-url", "none"]
    most = worker(stand, small, library, small.notifications, 0, sink)
    rate = int(most["events"] / most["seconds"] / 2)
    topic = stand.spare()
    filling = Filling(topic, rate * SECONDS)
    options = [*sink, "--notification-topic", f"{topic}.out"]
    with Working(stand, topic, library, *options, properties=PROPERTIES) as process, ThreadPoolExecutor(1) as beside:
        reading = beside.submit(stand.records, topic, filling.events)
        expected = stand.generate(filling, rate, linger_ms=2)
        sent = reading.result()
        wait_until("every notification is there", lambda: stand.watermarks(f"{topic}.out")["high"] == filling.events)
        report = process.ended()
        log_of_prefetch = process.text()
    expect("events", report["events"], filling.events)
    expect("notifications", report["notifications"]["sent"], expected["expected"]["notifications"])
    made = defaultdict(deque)
    for key, timestamp, _ in stand.records(f"{topic}.out", filling.events):
        made[key].append(timestamp)
    first = min(timestamp for _, timestamp, _ in sent)
    effects, readings = [], []
    for key, timestamp, received in sent:
        if not made[key]:
            raise BenchmarkError("a notification is missing for its customer")
        effect = made[key].popleft()
        if timestamp >= first + WARM_UP_MS:
            effects.append(effect - timestamp)
            readings.append(received - timestamp)
    expect("notifications too many", sum(len(times) for times in made.values()), 0)
    worked, read = quantiles(effects), quantiles(readings)
    yield {
        "what": "intended sending to effect",
        "events": filling.events,
        "rate": rate,
        **worked,
        "read_p50": read["p50"],
        "read_p99": read["p99"],
        "read_p99.9": read["p99.9"],
        "added_p99": worked["p99"] - read["p99"],
        "prefetch": prefetch(log_of_prefetch),
    }


def steady(stand, _, library):
    """Both sinks at work, at a constant rate: how the memory grows once everything has been used."""
    path = os.path.join(stand.folder, "steady.sqlite")
    options = ["--notification-sink", "delay", "--notification-delay", "1ms..5ms", "--journal-url", f"sqlite:{path}"]
    topic = stand.spare()
    filling = Filling(topic, STEADY_RATE * STEADY_SECONDS)
    with Working(stand, topic, library, *options) as process, ThreadPoolExecutor(1) as beside:
        sending = beside.submit(stand.generate, filling, STEADY_RATE)
        time.sleep(STEADY_SECONDS / 2)
        half, start = resident(process.process.pid, "VmRSS"), time.monotonic()
        expected = sending.result()["expected"]
        end = resident(process.process.pid, "VmRSS")
        minutes = (time.monotonic() - start) / 60
        wait_until("all is finished", lambda: get(process.url)["counts"]["finished"] == filling.events)
        report = process.ended()
    expect("notifications", report["notifications"]["sent"], expected["notifications"])
    expect("publications", report["publications"]["recorded"], expected["publications"])
    yield {
        "what": f"steady, {STEADY_RATE:,}/s for {STEADY_SECONDS} s",
        "events": filling.events,
        "peak_mib": report["max_resident_mib"],
        "growth_mib": (end - half) / minutes,
    }
