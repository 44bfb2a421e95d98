"""What the rows run on: child processes, and a broker with the events."""

import json
import os
import socket
import subprocess
import tempfile
import threading
from dataclasses import dataclass

# A broker in memory keeps 5 MiB of a partition, as compressed: so many partitions for so many events.
PARTITIONS = 64
SINK_TOPICS = ("loyalty.notifications", "loyalty.publications")


class BenchmarkError(Exception):
    """A row did not do its work, or could not."""


@dataclass(frozen=True)
class Library:
    """One build of librdkafka: the system's, or the one in a folder."""

    version: str
    folder: str | None = None


@dataclass(frozen=True)
class DataSet:
    """A topic that holds generated events, and what a worker must make of them."""

    topic: str
    codec: str
    events: int
    notifications: int
    publications: int


@dataclass(frozen=True)
class Outcome:
    """A process that ended with success: its last line, its log, and what it used."""

    report: dict
    log: str
    cpu_seconds: float
    peak_mib: float


def environment(library=None, **variables):
    """Nothing of the caller's settings may change what is measured."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("LOYALTY_") and k != "LD_LIBRARY_PATH"}
    if library and library.folder:
        kept["LD_LIBRARY_PATH"] = library.folder
    return kept | variables


def run(command, library=None, patience=600, **variables):
    """Runs a program to its end; its last line on stdout must be a JSON object."""
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(command, env=environment(library, **variables), stdout=output, stderr=log)
        deadline = threading.Timer(patience, process.kill)
        deadline.start()
        try:
            # Not wait(): the usage of this child alone is wanted.
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        finally:
            deadline.cancel()
            if process.returncode is None:
                process.kill()
        output.seek(0)
        log.seek(0)
        text, lines = log.read(), output.read().splitlines()
    if process.returncode != 0 or not lines:
        raise BenchmarkError(f"{' '.join(command)}\nended with {process.returncode}:\n{text[-2000:]}")
    return Outcome(json.loads(lines[-1]), text, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Process:
    """A program that runs beside this one, until the end of a `with`."""

    def __init__(self, command, library=None, **variables):
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            command, env=environment(library, **variables), stdout=subprocess.PIPE, stderr=self.log, text=True
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.log.close()


class Service(Process):
    """A program that prints its address first and serves until it is told to end."""

    def __init__(self, command, **variables):
        super().__init__(command, **variables)
        self.address = self.process.stdout.readline().strip()
        if not self.address:
            self.log.seek(0)
            raise BenchmarkError(f"{' '.join(command)}\ndid not start:\n{self.log.read()[-2000:]}")


class Stand:
    """The programs, the broker and the data sets of one benchmark."""

    def __init__(self, binary, consume, peer_python, libraries, broker, folder):
        self.binary = binary
        self.consume = consume
        self.peer_python = peer_python
        self.libraries = libraries
        self.broker = broker
        self.folder = folder
        self.groups = 0

    @staticmethod
    def broker_command(binary, topics):
        command = [binary, "broker"]
        for topic in topics:
            command += ["--topic", f"{topic}:{PARTITIONS}", "--topic", f"{topic}.dlq:1"]
        for topic in SINK_TOPICS:
            command += ["--topic", f"{topic}:16"]
        return command

    def fill(self, topic, codec, events):
        """Publishes events and makes sure that the broker keeps them all."""
        report = run(
            [
                *(self.binary, "generate", "--json", "--count", str(events), "--seed", "5"),
                *("--customers", "20000", "--publication-share", "0.2"),
                *("--kafka-bootstrap-servers", self.broker, "--kafka-topic", topic),
                *("--kafka-properties", f"compression.codec={codec}"),
            ]
        ).report
        marks = self.watermarks(topic)
        if marks["low"] != 0 or marks["high"] != events:
            raise BenchmarkError(
                f"the broker dropped {marks['low']} of {events} events ({codec}): it keeps 5 MiB of each of"
                f" {PARTITIONS} partitions; give a smaller --events"
            )
        expected = report["expected"]
        return DataSet(topic, codec, events, expected["notifications"], expected["publications"])

    def watermarks(self, topic):
        return run([self.consume, "watermarks", self.broker, topic]).report

    def new_group(self):
        """A group that has committed nothing."""
        self.groups += 1
        return f"bench-{self.groups}"
