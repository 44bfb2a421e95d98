"""How long msgspec takes to decode what the worker decodes, in nanoseconds, as one number.

msgspec_decode.py SAMPLE PEER: the types are those of the macro benchmark's peer, so that both decode the same fields.
"""

import ast
import pathlib
import statistics
import sys
import time

import msgspec

OPERATIONS = 100
ROUNDS = 2000


def event_type(peer):
    """The peer runs when it is imported, so only its classes are taken."""
    source = ast.parse(pathlib.Path(peer).read_text(encoding="utf-8"))
    source.body = [node for node in source.body if isinstance(node, ast.ClassDef)]
    # In the name of this module, where msgspec looks for what the types mention.
    exec(compile(source, peer, "exec"), globals())
    return globals()["Event"]


def main(sample, peer):
    value = pathlib.Path(sample).read_bytes()
    decode = msgspec.json.Decoder(event_type(peer)).decode
    if decode(value).balance.points <= 0:
        sys.exit("the sample is not decoded as it should be")
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter_ns()
        for _ in range(OPERATIONS):
            decode(value)
        times.append((time.perf_counter_ns() - start) / OPERATIONS)
    print(statistics.median(times))


main(*sys.argv[1:])
