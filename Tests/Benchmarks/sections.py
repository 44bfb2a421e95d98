"""The rows that have tables of their own, because events a second say nothing about them."""

import statistics
from dataclasses import dataclass

from backlog import memory
from lanes import EVEN, PARALLEL, in_flight, parallel
from members import SCALE, membership, scale
from pace import latency, steady
from stand import Filling

SMALL_EVENTS = 20_000


@dataclass(frozen=True)
class Column:
    key: str
    head: str
    form: str = "{:,.0f}"
    # Of the rounds' values.
    of: object = statistics.median


@dataclass(frozen=True)
class Section:
    """`measure(stand, data, library)` yields a dictionary with `what` for each line; `data` is by topic."""

    title: str
    measure: object
    columns: tuple
    fillings: tuple = ()
    # Of slow ones not every round is run.
    rounds: int = 3
    both_libraries: bool = True
    # Empty topics that one measurement needs.
    spares: int = 0


EVENTS = Column("events", "events")
CPU = Column("cpu_us", "CPU µs/event", "{:.1f}")
PEAK = Column("peak_mib", "peak MiB", of=max)
PREFETCH = Column("prefetch", "prefetch/partition", "{}", of=lambda values: values[0])
GROWTH = Column("growth_mib", "MiB/minute", "{:+.1f}")

SECTIONS = {
    "parallel": Section(
        "handlers of 0 to 5 ms, 1 partition, 100 in flight; floor: the same draws, nothing else (at most 1.10)",
        parallel,
        (
            EVENTS,
            Column("seconds", "s", "{:.3f}"),
            Column("floor", "floor, s", "{:.3f}"),
            Column("ratio", "of floor", "{:.3f}"),
            CPU,
        ),
        tuple(PARALLEL.values()),
    ),
    "in-flight": Section(
        "5,000 handlers of 100 ms at once (at least 0.9 of 50,000/s)",
        in_flight,
        (EVENTS, Column("per_second", "events/s"), Column("ratio", "of ideal", "{:.3f}"), CPU, PEAK),
        (EVEN,),
    ),
    "latency": Section(
        "latency in ms at half of the rate of an unpaced run, Zipf keys (added p99: at most 10)",
        latency,
        (
            EVENTS,
            Column("rate", "events/s"),
            *(Column(key, key, "{:.1f}") for key in ("p50", "p99", "p99.9")),
            *(Column(f"read_{key}", f"C {key}", "{:.1f}") for key in ("p50", "p99", "p99.9")),
            Column("added_p99", "added p99", "{:.1f}"),
        ),
        (Filling("events.small.zstd", SMALL_EVENTS),),
        rounds=2,
        spares=1,
    ),
    "memory": Section(
        "resident memory behind a receiver that answers nobody (at most 150 MiB, flat)",
        memory,
        (Column("events", "backlog"), PEAK, GROWTH, PREFETCH),
        (EVEN,),
        rounds=1,
    ),
    "steady": Section(
        "resident memory at work, journal and a notification of 1 to 5 ms",
        steady,
        (EVENTS, PEAK, GROWTH),
        rounds=1,
        both_libraries=False,
        spares=1,
    ),
    "scale": Section(
        "processes of one group, 50 in flight, a sink of 20 ms (at least 0.9 of linear)",
        scale,
        (
            EVENTS,
            Column("per_second", "events/s"),
            Column("of_linear", "of linear", "{:.3f}"),
            Column("of_ideal", "of ideal", "{:.3f}"),
            Column("again", "read again", of=max),
        ),
        tuple(SCALE.values()),
        rounds=1,
        both_libraries=False,
    ),
    "membership": Section(
        "two members at work, and a third: seconds without progress, of the partitions that moved and of the others",
        membership,
        (
            Column("moved", "moved"),
            Column("median", "median, s", "{:.1f}"),
            Column("longest", "longest, s", "{:.1f}", of=max),
            Column("others", "others, longest", "{:.1f}", of=max),
        ),
        (EVEN,),
        rounds=1,
        both_libraries=False,
    ),
}
