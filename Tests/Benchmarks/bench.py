"""The macro benchmark: every row in turns on the same data, for several rounds; medians and ratios at the end.

Started by deploy/bench, which builds what it needs.
"""

import argparse
import json
import os
import platform
import signal
import statistics
import sys
import tempfile

from rows import LEFT_OUT, MEMORY, ROWS, memory
from stand import BenchmarkError, DataSet, Library, Service, Stand, run

# Of the partitions' 5 MiB, lz4 needs more for an event.
LZ4_SHARE = 3 / 8
SMALL = 20_000

# Name, row, in proportion to which row, target.
RATIOS = [
    ("whole path, no sinks", "worker-none", "c-loop", 0.75),
    ("whole path, SQLite journal", "worker-journal", "c-loop", 0.25),
    ("whole path against confluent-kafka and msgspec", "worker-none", "python-msgspec", 1.0),
    ("whole path against FastStream", "worker-none", "python-faststream", 50.0),
    ("replay against live", "replay", "worker-journal", 0.8),
]


def arguments():
    parser = argparse.ArgumentParser(prog="deploy/bench", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="how often everything is run (default: 5)")
    parser.add_argument("--events", type=int, default=400_000, help="events of about 4 kB (default: 400000)")
    names = [*ROWS, MEMORY]
    parser.add_argument("--rows", default=",".join(names), help="of " + ", ".join(names))
    parser.add_argument("--codec", default="zstd,lz4", help="zstd, lz4, or both (default); lz4 for a few rows only")
    parser.add_argument("--json", metavar="FILE", help="write every run, the medians and the ratios there")
    parser.add_argument("--binary", metavar="PATH", help="loyalty-worker, built already")
    for name in ("--consume", "--newer-library", "--peer-python"):
        parser.add_argument(name, required=True, help=argparse.SUPPRESS)
    given = parser.parse_args()
    given.rows = given.rows.split(",")
    given.codec = given.codec.split(",")
    for row in given.rows:
        if row not in names:
            parser.error(f"--rows: there is no {row}" + (f": {LEFT_OUT[row]}" if row in LEFT_OUT else ""))
    if set(given.codec) - {"zstd", "lz4"}:
        parser.error("--codec takes zstd, lz4 or zstd,lz4")
    if given.rounds < 1 or given.events < 1:
        parser.error("--rounds and --events take 1 or more")
    return given


def say(text):
    print(text, file=sys.stderr, flush=True)


def data_sets(given):
    """(kind, codec) of every data set that the rows need, with its topic and its number of events."""
    needed = {}
    if MEMORY in given.rows:
        needed["main", "zstd"] = ("events.main.zstd", given.events)
    for name in (name for name in given.rows if name in ROWS):
        for codec in given.codec:
            if codec in ROWS[name].codecs:
                events = given.events if codec == "zstd" else max(1, int(given.events * LZ4_SHARE))
                if ROWS[name].data == "small":
                    events = min(events, SMALL)
                needed[ROWS[name].data, codec] = (f"events.{ROWS[name].data}.{codec}", events)
    return needed


def measure(stand, given, data):
    """Every run of every row, in the order in which they were made."""
    runs = []
    for number in range(1, given.rounds + 1):
        for name in (name for name in given.rows if name in ROWS):
            row = ROWS[name]
            for codec in (codec for codec in given.codec if codec in row.codecs):
                for library in stand.libraries if row.libraries == "both" else stand.libraries[-1:]:
                    try:
                        result = row.measure(stand, data[row.data, codec], library)
                    except BenchmarkError as error:
                        raise BenchmarkError(f"{name} on librdkafka {library.version}: {error}") from error
                    result |= {"round": number, "row": name, "codec": codec, "library": library.version}
                    result["per_second"] = result["events"] / result["seconds"]
                    runs.append(result)
                    say(
                        f"round {number}/{given.rounds}  {name:<18} {codec:<5} librdkafka {library.version:<7}"
                        f" {result['events']:>7} events in {result['seconds']:7.3f} s"
                        f" {result['per_second']:>9,.0f}/s  checked"
                    )
    return runs


def measure_memory(stand, data):
    lines = []
    for library in stand.libraries:
        try:
            line = memory(stand, data, library) | {"library": library.version}
        except BenchmarkError as error:
            raise BenchmarkError(f"memory on librdkafka {library.version}: {error}") from error
        lines.append(line)
        say(f"memory  librdkafka {library.version}  {line['peak_mib']:.0f} MiB, {line['growth_mib']:+.1f} MiB  checked")
    return lines


def key(result):
    return result["row"], result["codec"], result["library"]


def speeds(runs, row, codec, library):
    """By round. The peers have one library only, which then stands for every other."""
    mine = [r for r in runs if r["row"] == row and r["codec"] == codec]
    exact = [r for r in mine if r["library"] == library]
    return {r["round"]: r["per_second"] for r in exact or mine}


def ratio(runs, row, base, codec, library):
    """The median of the rounds' ratios, so that a machine that gets slower or faster counts less; nil: not measured."""
    above, below = speeds(runs, row, codec, library), speeds(runs, base, codec, library)
    both = [above[r] / below[r] for r in above if r in below]
    return statistics.median(both) if both else None


def medians(runs):
    lines = []
    for row, codec, library in dict.fromkeys(key(result) for result in runs):
        mine = [result for result in runs if key(result) == (row, codec, library)]
        rates = [result["per_second"] for result in mine]
        lines.append(
            {
                "row": row,
                "codec": codec,
                "library": library,
                "events": mine[0]["events"],
                "per_second": statistics.median(rates),
                "slowest": min(rates),
                "fastest": max(rates),
                "of_c_loop": ratio(runs, row, "c-loop", codec, library),
                "cpu_us": statistics.median(r["cpu_seconds"] / r["events"] * 1e6 for r in mine),
                "peak_mib": max(result["peak_mib"] for result in mine),
                "prefetch": mine[0].get("prefetch", "64 MiB" if row == "c-loop" else "-"),
            }
        )
    return lines


def ratios(runs, libraries):
    lines = []
    for name, row, base, target in RATIOS:
        for codec in ("zstd", "lz4"):
            for library in libraries:
                value = ratio(runs, row, base, codec, library.version)
                if value is not None:
                    lines.append(
                        {"what": name, "codec": codec, "library": library.version, "ratio": value, "target": target}
                    )
    return lines


def table(heads, lines):
    """Markdown that is also readable as it is; the first three columns are texts."""
    cells = [heads, *lines]
    widths = [max(len(line[i]) for line in cells) for i in range(len(heads))]
    rows = [
        "| " + " | ".join(c.ljust(w) if i < 3 else c.rjust(w) for i, (c, w) in enumerate(zip(line, widths))) + " |"
        for line in cells
    ]
    rule = "| " + " | ".join("-" * w if i < 3 else "-" * (w - 1) + ":" for i, w in enumerate(widths)) + " |"
    return "\n".join([rows[0], rule, *rows[1:]])


def report(given, lines, proportions, blocked):
    print(f"{given.rounds} rounds, medians; {os.cpu_count()} cores, {platform.machine()}, {platform.system()}\n")
    print(
        table(
            ["row", "librdkafka", "codec", "events", "events/s", "slowest", "fastest"]
            + ["of C loop", "CPU µs/event", "peak MiB", "prefetch/partition"],
            [
                [
                    *(line["row"], line["library"], line["codec"], f"{line['events']:,}"),
                    *(f"{line[name]:,.0f}" for name in ("per_second", "slowest", "fastest")),
                    "-" if line["of_c_loop"] is None else f"{line['of_c_loop']:.3f}",
                    *(f"{line['cpu_us']:.2f}", f"{line['peak_mib']:.0f}", line["prefetch"]),
                ]
                for line in lines
            ],
        )
    )
    for name, reason in LEFT_OUT.items():
        print(f"{name}: left out, {reason}")
    if proportions:
        print()
        print(
            table(
                ["ratio", "librdkafka", "codec", "measured", "target"],
                [
                    [p["what"], p["library"], p["codec"], f"{p['ratio']:.3f}", f"{p['target']:g}"]
                    for p in proportions
                ],
            )
        )
    if blocked:
        print()
        print(
            table(
                ["memory, blocked sink", "librdkafka", "backlog", "peak MiB", "growth, MiB in 15 s"],
                [
                    ["", b["library"], f"{b['backlog']:,}", f"{b['peak_mib']:.0f}", f"{b['growth_mib']:+.1f}"]
                    for b in blocked
                ],
            )
        )


def main():
    given = arguments()
    # So that the broker is ended as well.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    binary, consume = os.path.abspath(given.binary), os.path.abspath(given.consume)
    libraries = [
        Library(run([consume, "version"], Library("", folder)).report["version"], folder)
        for folder in (None, given.newer_library)
    ]
    needed = data_sets(given)
    command = Stand.broker_command(binary, [topic for topic, _ in needed.values()])
    with Service(command) as broker, tempfile.TemporaryDirectory() as folder:
        stand = Stand(binary, consume, given.peer_python, libraries, broker.address, folder)
        data: dict[tuple, DataSet] = {}
        for (kind, codec), (topic, events) in needed.items():
            say(f"generating {events} events, {codec}")
            data[kind, codec] = stand.fill(topic, codec, events)
        runs = measure(stand, given, data)
        blocked = measure_memory(stand, data["main", "zstd"]) if MEMORY in given.rows else []
    lines, proportions = medians(runs), ratios(runs, libraries)
    report(given, lines, proportions, blocked)
    if given.json:
        with open(given.json, "w", encoding="utf-8") as file:
            results = {"medians": lines, "ratios": proportions, "memory": blocked, "left_out": LEFT_OUT, "runs": runs}
            json.dump(results, file, indent=1)


try:
    main()
except BenchmarkError as error:
    sys.exit(f"bench: {error}")
except KeyboardInterrupt:
    sys.exit(130)
