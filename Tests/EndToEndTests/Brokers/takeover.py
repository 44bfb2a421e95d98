"""How long a broker takes to give the partitions of a killed member to the one that is left: two plain consumers without work.

usage: takeover.py BROKERS TOPIC PARTITIONS SESSION_MS HEARTBEAT_MS     prints the seconds from SIGKILL to the assignment
"""

import os
import signal
import subprocess
import sys
import time

from confluent_kafka import Consumer


def member(brokers, topic, session, heartbeat):
    """Says how many partitions it has whenever that changes, until it is killed."""

    def assigned(consumer, partitions):
        consumer.assign(partitions)
        print(len(partitions), flush=True)

    consumer = Consumer(
        {
            "bootstrap.servers": brokers,
            "group.id": "takeover",
            "session.timeout.ms": session,
            "heartbeat.interval.ms": heartbeat,
            "partition.assignment.strategy": "range",
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe([topic], on_assign=assigned)
    parent = os.getppid()
    while os.getppid() == parent:
        consumer.poll(0.1)


def wait_for(process, count):
    for line in process.stdout:
        if int(line) == count:
            return
    sys.exit("a member ended before its time")


def main():
    brokers, topic, partitions, session, heartbeat = sys.argv[1:6]
    if sys.argv[6:] == ["member"]:
        return member(brokers, topic, session, heartbeat)
    command = [sys.executable, *sys.argv, "member"]
    members = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    try:
        for process in members:
            wait_for(process, int(partitions) // 2)
        # Both heartbeats have gone out in this assignment.
        time.sleep(2 * int(heartbeat) / 1000)
        start = time.monotonic()
        members[0].send_signal(signal.SIGKILL)
        wait_for(members[1], int(partitions))
        print(f"{time.monotonic() - start:.3f}")
    finally:
        for process in members:
            process.kill()


main()
