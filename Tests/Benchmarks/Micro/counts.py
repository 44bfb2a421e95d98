"""Compares what each micro case costs, in instructions and allocations, with what is committed.

counts.py [--update] EXECUTABLE THRESHOLDS: runs the executable under callgrind, prints a table, and ends with 1 when a
case has become dearer than the thresholds allow. With --update the thresholds are written anew instead.
"""

import argparse
import glob
import json
import os
import platform
import re
import subprocess
import sys
import tempfile

# Counts of one build are repeatable to the instruction, and those of two builds of the same sources nearly so.
INSTRUCTIONS_TOLERANCE = 0.02
# The loop around an operation may be compiled in another way.
LOOP_TOLERANCE = 5
# Allocations of an operation; the rest is for buffers that grow once in many operations.
ALLOCATIONS_TOLERANCE = 0.02

# The same on every machine: no seed, nothing inherited, and neither simdjson nor glibc look for what this processor can do.
ENVIRONMENT = {
    "SWIFT_DETERMINISTIC_HASHING": "1",
    "SIMDJSON_FORCE_IMPLEMENTATION": "westmere",
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX512VL,-AVX512F,-AVX2,-AVX,-ERMS,-FSRM",
}


def answer(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def tools():
    """What else decides the counts: with other versions they say nothing about the sources."""
    return {
        "libc": " ".join(platform.libc_ver()),
        "simdjson": answer("pkg-config", "--modversion", "simdjson"),
        "swift": re.search(r"Swift version ([\d.]+)", answer("swift", "--version"))[1],
    }


def count(executable):
    """By case: instructions and allocations of one operation."""
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "out")
        command = ["valgrind", "--quiet", "--tool=callgrind", f"--callgrind-out-file={out}"]
        command += ["--zero-before=counting_begin", "--dump-before=counting_end", executable]
        run = subprocess.run(command, env=dict(ENVIRONMENT, PATH=os.environ["PATH"]), capture_output=True, text=True)
        if run.returncode:
            sys.exit(f"{executable} ends with {run.returncode} under callgrind:\n{run.stderr}")
        rows = [line.split("\t") for line in run.stdout.splitlines()]
        if len(glob.glob(out + ".*")) != len(rows):
            sys.exit("callgrind has not written one count for each case: was the executable stripped?")
        counts = {}
        for number, (name, operations, allocations) in enumerate(rows, start=1):
            with open(f"{out}.{number}", encoding="utf-8") as file:
                instructions = int(re.search(r"^summary: (\d+)", file.read(), re.MULTILINE)[1])
            counts[name] = {
                "instructions": round(instructions / int(operations)),
                "allocations": round(int(allocations) / int(operations), 2),
            }
        return counts


def change(now, before):
    return f"{100 * (now - before) / before:+.1f} %" if before else ""


def compare(counts, committed):
    """Prints the table; gives the names of what is dearer and what is cheaper than committed, and of what is not there."""
    dearer, cheaper = [], []
    print("| case | instructions | committed | change | allocations | committed |  |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | --- |")
    for name, now in counts.items():
        was = committed.get(name)
        if was is None:
            print(f"| {name} | {now['instructions']:,} | none | | {now['allocations']:g} | none | new |")
            continue
        slack = max(INSTRUCTIONS_TOLERANCE * was["instructions"], LOOP_TOLERANCE)
        verdict = ""
        if now["instructions"] > was["instructions"] + slack or (
            now["allocations"] > was["allocations"] + ALLOCATIONS_TOLERANCE
        ):
            verdict = "DEARER"
            dearer.append(name)
        elif now["instructions"] < was["instructions"] - slack or (
            now["allocations"] < was["allocations"] - ALLOCATIONS_TOLERANCE
        ):
            verdict = "cheaper"
            cheaper.append(name)
        print(
            f"| {name} | {now['instructions']:,} | {was['instructions']:,} "
            f"| {change(now['instructions'], was['instructions'])} "
            f"| {now['allocations']:g} | {was['allocations']:g} | {verdict} |"
        )
    return dearer, cheaper, sorted(committed.keys() ^ counts.keys())


def main():
    parser = argparse.ArgumentParser(description="Compares the costs of the micro cases with the committed ones.")
    parser.add_argument("--update", action="store_true", help="write the thresholds anew instead of failing")
    parser.add_argument("executable")
    parser.add_argument("thresholds")
    options = parser.parse_args()

    here = tools()
    committed = {"tools": {}, "cases": {}}
    if os.path.exists(options.thresholds):
        with open(options.thresholds, encoding="utf-8") as file:
            committed = json.load(file)
    counts = count(os.path.abspath(options.executable))
    dearer, cheaper, unknown = compare(counts, committed["cases"])
    if options.update:
        with open(options.thresholds, "w", encoding="utf-8") as file:
            json.dump({"tools": here, "cases": counts}, file, indent=2)
            file.write("\n")
        print(f"\nwritten to {options.thresholds}: commit it, and say in the commit why")
        return
    was = committed["tools"]
    other = [f"{name} {here[name]} instead of {was.get(name)}" for name in here if here[name] != was.get(name)]
    if other:
        print(f"\nSKIPPED: the thresholds were counted with other tools ({', '.join(other)}), so nothing is judged;")
        print("SKIPPED: where these tools have come to stay, run deploy/counts --update and commit the result")
        return
    if cheaper:
        print(f"\ncheaper than committed: {', '.join(cheaper)}; run deploy/counts --update and commit the result, or the")
        print("next step back goes unseen")
    if dearer:
        sys.exit(
            f"\ndearer than committed, by more than {INSTRUCTIONS_TOLERANCE:.0%} of the instructions or any allocation: "
            f"{', '.join(dearer)}\nfind out what costs it; where it is worth its price, run deploy/counts --update, "
            "commit the result, and say why"
        )
    if unknown:
        sys.exit(f"\nonly counted or only committed: {', '.join(unknown)}; run deploy/counts --update, commit the result")


main()
