"""What the rows run on: child processes, and a broker with the events."""

import json
import os
import socket
import subprocess
import tempfile
import threading
import time
import urllib.request
from dataclasses import dataclass

# A broker in memory keeps 5 MiB of a partition, as compressed: so many partitions for so many events.
PARTITIONS = 64
# Of topics that are filled at a pace, where few records come at a time; what comes of them is kept until it is read.
PACED_PARTITIONS = 16
SINK_TOPICS = ("loyalty.notifications", "loyalty.publications")


class BenchmarkError(Exception):
    """A row did not do its work, or could not."""


@dataclass(frozen=True)
class Library:
    """One build of librdkafka: the system's, or the one in a folder."""

    version: str
    folder: str | None = None


@dataclass(frozen=True)
class Filling:
    """What is generated into a topic."""

    topic: str
    events: int
    codec: str = "zstd"
    partitions: int = PARTITIONS
    customers: int = 20_000
    # All customers alike; else Zipf.
    even: bool = False


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


def get(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)


def resident(pid, field):
    """`VmRSS`, or `VmHWM` for the peak, of a process, in MiB."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(field)) / 1024


def wait_until(what, condition, patience=90, interval=0.1):
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            raise BenchmarkError(f"waited {patience} s in vain: {what}")
        time.sleep(interval)


class Process:
    """A program that runs beside this one, until the end of a `with`."""

    def __init__(self, command, library=None, **variables):
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            command, env=environment(library, **variables), stdout=subprocess.PIPE, stderr=self.log, text=True
        )

    def __enter__(self):
        return self

    def text(self):
        """What it has written on stderr so far."""
        # Of its own, because the program's place in the file is shared with this process.
        with open(f"/proc/self/fd/{self.log.fileno()}", encoding="utf-8") as log:
            return log.read()

    def ended(self):
        """Asks it to end, which must succeed; gives the JSON object of its last line."""
        self.process.terminate()
        lines = self.process.stdout.read().splitlines()
        if self.process.wait(60) != 0 or not lines:
            raise BenchmarkError(f"{self.process.args}\nended with {self.process.returncode}:\n{self.text()[-2000:]}")
        return json.loads(lines[-1])

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
            raise BenchmarkError(f"{' '.join(command)}\ndid not start:\n{self.text()[-2000:]}")


class Stand:
    """The programs, the broker and the data sets of one benchmark."""

    def __init__(self, binary, consume, peer_python, libraries, broker, folder, spares=()):
        self.binary = binary
        self.consume = consume
        self.peer_python = peer_python
        self.libraries = libraries
        self.broker = broker
        self.folder = folder
        self.groups = 0
        self.spares = list(spares)

    @staticmethod
    def broker_command(binary, topics):
        """`topics`: number of partitions by name."""
        command = [binary, "broker"]
        for topic, partitions in topics.items():
            command += ["--topic", f"{topic}:{partitions}", "--topic", f"{topic}.dlq:1"]
        for topic in SINK_TOPICS:
            command += ["--topic", f"{topic}:16"]
        return command

    def generate(self, filling, rate=None, linger_ms=20):
        """Publishes events; gives what a worker must make of them."""
        pace = ["--rate", str(rate)] if rate else []
        return run(
            [
                *(self.binary, "generate", "--json", "--count", str(filling.events), "--seed", "5"),
                *("--customers", str(filling.customers), "--publication-share", "0.2"),
                *("--kafka-bootstrap-servers", self.broker, "--kafka-topic", filling.topic),
                *("--kafka-properties", f"compression.codec={filling.codec};linger.ms={linger_ms}"),
                *pace,
                *(["--even"] if filling.even else []),
            ]
        ).report

    def fill(self, filling):
        """Publishes events and makes sure that the broker keeps them all."""
        expected = self.generate(filling)["expected"]
        marks = self.watermarks(filling.topic)
        if marks["low"] != 0 or marks["high"] != filling.events:
            raise BenchmarkError(
                f"the broker dropped {marks['low']} of {filling.events} events ({filling.codec}): it keeps 5 MiB of"
                f" each of {filling.partitions} partitions; give a smaller --events"
            )
        return DataSet(
            filling.topic, filling.codec, filling.events, expected["notifications"], expected["publications"]
        )

    def records(self, topic, count):
        """(hash of the key, timestamp, time of arrival) of records from the beginning on, in order within a key."""
        return run([self.consume, "follow", self.broker, topic, str(count)]).report["records"]

    def watermarks(self, topic):
        return run([self.consume, "watermarks", self.broker, topic]).report

    def spare(self):
        """An empty topic, with another one beside it that has `.out` at the end of its name."""
        return self.spares.pop()

    def new_group(self):
        """A group that has committed nothing."""
        self.groups += 1
        return f"bench-{self.groups}"
