"""Handlers that only wait: how near the worker comes to what the waits and the keys alone would take."""

import heapq
from collections import defaultdict, deque

from rows import worker
from stand import BenchmarkError, Filling

RECORDS = 10_000
IN_FLIGHT = 100
KEYS = (1, 10, 100, 1_000, 10_000)
LONGEST = 0.005

MANY = 5_000
MANY_SECONDS = 0.1

MASK = (1 << 64) - 1
# One partition takes the batches of one after the other; alike keys, so that the draws alone make the floor.
PARALLEL = {
    keys: Filling(f"events.parallel.{keys}", RECORDS, partitions=1, customers=keys, even=True) for keys in KEYS
}
EVEN = Filling("events.even", 500_000, customers=200_000, even=True)


def draw(partition, offset):
    """What `notification.sink` delay draws for a record, from 0 to 1: the first number of SplitMix64."""
    value = ((partition << 48 ^ offset) + 0x9E3779B97F4A7C15) & MASK
    value = ((value ^ value >> 30) * 0xBF58476D1CE4E5B9) & MASK
    value = ((value ^ value >> 27) * 0x94D049BB133111EB) & MASK
    return ((value ^ value >> 31) >> 11) * 2.0**-53


def floor(keys, times, in_flight):
    """Seconds for all records when nothing costs time but the handlers: those of a key one after the other, so many at
    once, each as soon as it may, in the order of offsets."""
    lanes = defaultdict(deque)
    for offset, key in enumerate(keys):
        lanes[key].append(offset)
    free = [lane[0] for lane in lanes.values()]
    heapq.heapify(free)
    running, now = [], 0.0
    while free or running:
        while free and len(running) < in_flight:
            offset = heapq.heappop(free)
            heapq.heappush(running, (now + times[offset], offset))
        now, offset = heapq.heappop(running)
        lane = lanes[keys[offset]]
        lane.popleft()
        if lane:
            heapq.heappush(free, lane[0])
    return now


def delay_options(delay, in_flight):
    return [
        *("--notification-sink", "delay", "--notification-delay", delay, "--limits-in-flight", str(in_flight)),
        *("--publication-sink", "none", "--journal-url", "none"),
    ]


def delayed(stand, data, library, delay, in_flight):
    """One run to the end; its time is without the last commit."""
    result = worker(stand, data, library, data.notifications, 0, delay_options(delay, in_flight))
    return result | {"seconds": result["handling_seconds"]}


def parallel(stand, data, library):
    for number in KEYS:
        topic = data[PARALLEL[number].topic]
        keys = [record[0] for record in stand.records(topic.topic, RECORDS)]
        if len(set(keys)) > number or len(set(keys)) < min(number, RECORDS / 2):
            raise BenchmarkError(f"{len(set(keys))} keys instead of {number}")
        times = [draw(0, offset) * LONGEST for offset in range(RECORDS)]
        least = floor(keys, times, IN_FLIGHT)
        result = delayed(stand, topic, library, "0ms..5ms", IN_FLIGHT)
        waits = defaultdict(float)
        for key, time in zip(keys, times):
            waits[key] += time
        # No order of events could have been faster, so somebody did not wait.
        if result["seconds"] < max(sum(times) / IN_FLIGHT, max(waits.values())) * 0.999:
            raise BenchmarkError(f"{number} keys: {result['seconds']} s is less than the handlers' own time")
        what = "1 key" if number == 1 else f"{number:,} keys"
        yield {"what": what, **result, "floor": least, "ratio": result["seconds"] / least}


def in_flight(stand, data, library):
    topic = data[EVEN.topic]
    result = delayed(stand, topic, library, f"{MANY_SECONDS * 1000:g}ms", MANY)
    ideal = MANY / MANY_SECONDS
    rate = topic.events / result["seconds"]
    yield {"what": f"{MANY:,} in flight, 100 ms", **result, "per_second": rate, "ratio": rate / ideal}
