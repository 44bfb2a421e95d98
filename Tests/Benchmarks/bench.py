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

from rows import LEFT_OUT, ROWS
from sections import SECTIONS, SMALL_EVENTS
from stand import PACED_PARTITIONS, PARTITIONS, BenchmarkError, DataSet, Filling, Library, Service, Stand, run

# Of the partitions' 5 MiB, lz4 needs more for an event.
LZ4_SHARE = 3 / 8

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
    names = [*ROWS, *SECTIONS]
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


def topic_of(row, codec):
    return f"events.{row.data}.{codec}"


def fillings(given):
    """What the rows need, by topic."""
    needed = {}
    for row in (ROWS[name] for name in given.rows if name in ROWS):
        for codec in given.codec:
            if codec in row.codecs:
                events = given.events if codec == "zstd" else max(1, int(given.events * LZ4_SHARE))
                if row.data == "small":
                    events = min(events, SMALL_EVENTS)
                needed[topic_of(row, codec)] = Filling(topic_of(row, codec), events, codec)
    for section in (SECTIONS[name] for name in given.rows if name in SECTIONS):
        for filling in section.fillings:
            needed.setdefault(filling.topic, filling)
    return needed


def spare_topics(given, libraries):
    number = sum(
        section.spares * min(given.rounds, section.rounds) * len(chosen(section, libraries))
        for section in (SECTIONS[name] for name in given.rows if name in SECTIONS)
    )
    return [f"spare.{n}" for n in range(number)]


def chosen(section, libraries):
    return libraries if section.both_libraries else libraries[-1:]


def measure(stand, given, data):
    """Every run of every row, in the order in which they were made."""
    runs = []
    for number in range(1, given.rounds + 1):
        for name in (name for name in given.rows if name in ROWS):
            row = ROWS[name]
            for codec in (codec for codec in given.codec if codec in row.codecs):
                for library in stand.libraries if row.libraries == "both" else stand.libraries[-1:]:
                    try:
                        result = row.measure(stand, data[topic_of(row, codec)], library)
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


def measure_section(name, stand, given, data):
    """Every line of every round."""
    section, runs = SECTIONS[name], []
    rounds = min(given.rounds, section.rounds)
    for number in range(1, rounds + 1):
        for library in chosen(section, stand.libraries):
            try:
                for line in section.measure(stand, data, library):
                    line |= {"round": number, "library": library.version}
                    if "cpu_seconds" in line:
                        line["cpu_us"] = line["cpu_seconds"] / line["events"] * 1e6
                    runs.append(line)
                    values = (f"{c.head} {c.form.format(line[c.key])}" for c in section.columns)
                    say(
                        f"round {number}/{rounds}  {name:<10} {line['what']:<26} librdkafka {library.version:<7}"
                        f" {', '.join(values)}  checked"
                    )
            except BenchmarkError as error:
                raise BenchmarkError(f"{name} on librdkafka {library.version}: {error}") from error
    return runs


def section_medians(section, runs):
    lines = []
    for what, library in dict.fromkeys((run["what"], run["library"]) for run in runs):
        mine = [run for run in runs if (run["what"], run["library"]) == (what, library)]
        values = {column.key: column.of([run[column.key] for run in mine]) for column in section.columns}
        lines.append({"what": what, "library": library, "rounds": len(mine)} | values)
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


def table(heads, lines, texts=3):
    """Markdown that is also readable as it is; the first columns are texts."""
    cells = [heads, *lines]
    widths = [max(len(line[i]) for line in cells) for i in range(len(heads))]
    rows = [
        "| " + " | ".join(c.ljust(w) if i < texts else c.rjust(w) for i, (c, w) in enumerate(zip(line, widths))) + " |"
        for line in cells
    ]
    rule = "| " + " | ".join("-" * w if i < texts else "-" * (w - 1) + ":" for i, w in enumerate(widths)) + " |"
    return "\n".join([rows[0], rule, *rows[1:]])


def report(given, lines, proportions, sections):
    print(f"{given.rounds} rounds, medians; {os.cpu_count()} cores, {platform.machine()}, {platform.system()}")
    if lines:
        report_rows(lines, proportions)
    for name, section_lines in sections.items():
        section = SECTIONS[name]
        print(f"\n{name}: {section.title}; rounds: {section_lines[0]['rounds']}\n")
        cells = [
            [line["what"], line["library"], *(column.form.format(line[column.key]) for column in section.columns)]
            for line in section_lines
        ]
        print(table([name, "librdkafka", *(column.head for column in section.columns)], cells, texts=2))


def report_rows(lines, proportions):
    print()
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


def main():
    given = arguments()
    # So that the broker is ended as well.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    binary, consume = os.path.abspath(given.binary), os.path.abspath(given.consume)
    libraries = [
        Library(run([consume, "version"], Library("", folder)).report["version"], folder)
        for folder in (None, given.newer_library)
    ]
    needed = fillings(given)
    topics = {filling.topic: filling.partitions for filling in needed.values()}
    spares = spare_topics(given, libraries)
    topics |= {topic: PACED_PARTITIONS for topic in spares} | {f"{topic}.out": PARTITIONS for topic in spares}
    with Service(Stand.broker_command(binary, topics)) as broker, tempfile.TemporaryDirectory() as folder:
        stand = Stand(binary, consume, given.peer_python, libraries, broker.address, folder, spares)
        data: dict[str, DataSet] = {}
        for filling in needed.values():
            say(f"generating {filling.events} events, {filling.codec}")
            data[filling.topic] = stand.fill(filling)
        runs = measure(stand, given, data)
        section_runs = {name: measure_section(name, stand, given, data) for name in given.rows if name in SECTIONS}
    lines, proportions = medians(runs), ratios(runs, libraries)
    sections = {name: section_medians(SECTIONS[name], runs) for name, runs in section_runs.items()}
    report(given, lines, proportions, sections)
    if given.json:
        with open(given.json, "w", encoding="utf-8") as file:
            results = {"medians": lines, "ratios": proportions, "sections": sections, "left_out": LEFT_OUT}
            results |= {"runs": runs, "section_runs": section_runs}
            json.dump(results, file, indent=1)


try:
    main()
except BenchmarkError as error:
    sys.exit(f"bench: {error}")
except KeyboardInterrupt:
    sys.exit(130)
