"""How long each micro case takes, and how the decoder compares with others in the same run.

times.py [--rounds N] [--python PYTHON] -- COMMAND...: the command is `swift package ... benchmark`, and writes its
percentiles to the folder that takes the place of FOLDER in it. PYTHON has msgspec; without it that row is left out.
"""

import argparse
import glob
import os
import re
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
SAMPLE = os.path.join(HERE, "../../LoyaltyEventsTests/Samples/01-seed-sample.json")
PEER = os.path.join(HERE, "../peers/msgspec_peer.py")
FILE = re.compile(r"\.Times\.(.+)_x_(\d+)\.wallClock\.histogram\.percentiles\.tsv$")

# What is measured, how long it takes, for how much of what, and the target.
RATIOS = (
    ("core of simdjson's DOM parse", "decode core", "simdjson DOM", "at most 2.5"),
    ("msgspec of core", "msgspec", "decode core", "more than 1"),
    ("JSONDecoder of whole model", "Foundation model", "decode model", "at least 8"),
)


def measure(command, python):
    """By case: nanoseconds of one operation, the median of the round."""
    times = {}
    with tempfile.TemporaryDirectory() as folder:
        command = [part.replace("FOLDER", folder) for part in command]
        run = subprocess.run(command, capture_output=True, text=True)
        if run.returncode:
            sys.exit(f"{' '.join(command)} ends with {run.returncode}:\n{run.stdout}{run.stderr}")
        for path in glob.glob(os.path.join(folder, "*.tsv")):
            name, operations = FILE.search(path).groups()
            with open(path, encoding="utf-8") as file:
                lines = file.read().splitlines()
            if "(ns)" not in lines[0]:
                sys.exit(f"{path}: not in nanoseconds: {lines[0]}")
            times[name.replace("_", " ")] = float(dict(line.split("\t") for line in lines)["50"]) / int(operations)
    if python:
        script = os.path.join(HERE, "msgspec_decode.py")
        run = subprocess.run([python, "-B", script, SAMPLE, PEER], check=True, capture_output=True, text=True)
        times["msgspec"] = float(run.stdout)
    return times


def table(header, rows):
    print("| " + " | ".join(header) + " |")
    print("| --- |" + " ---: |" * (len(header) - 1))
    for row in rows:
        print("| " + " | ".join(row) + " |")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--python")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()

    rounds = []
    for number in range(options.rounds):
        print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
        rounds.append(measure(options.command, options.python))
    names = sorted(rounds[0], key=lambda name: statistics.median(times[name] for times in rounds))
    rows = []
    for name in names:
        values = [times[name] for times in rounds]
        rows.append((name, *(f"{value:,.0f}" for value in (statistics.median(values), min(values), max(values)))))
    table(("case", "ns", "least", "most"), rows)
    print()
    rows = []
    for what, one, other, target in RATIOS:
        if one not in rounds[0] or other not in rounds[0]:
            continue
        values = [times[one] / times[other] for times in rounds]
        rows.append((what, target, *(f"{value:.2f}" for value in (statistics.median(values), min(values), max(values)))))
    table(("ratio", "target", "median of rounds", "least", "most"), rows)


main()
