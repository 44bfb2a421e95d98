"""The rows: what each runs, and how its work is checked."""

import base64
import glob
import os
import re
import secrets
import sqlite3
from dataclasses import dataclass

from stand import SINK_TOPICS, BenchmarkError, Service, get, run

PEERS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "peers")
BOTH_CODECS = ("zstd", "lz4")


@dataclass(frozen=True)
class Row:
    """`measure(stand, data, library)` gives a dictionary with at least `events` and `seconds`."""

    measure: object
    # Which data set: `main`, or `small` for rows that are slow.
    data: str = "main"
    codecs: tuple = ("zstd",)
    # The Python packages bring a librdkafka of their own along.
    libraries: str = "both"


def expect(what, found, expected):
    if found != expected:
        raise BenchmarkError(f"{what}: {found} instead of {expected}")


def prefetch(log):
    """What the worker says at start that it fetches ahead, of each partition."""
    found = re.search(r"prefetch: up to (\d+ \w+) ahead", log)
    return found.group(1) if found else "-"


def measured(outcome, **more):
    report = outcome.report
    return {
        "events": report["events"],
        "seconds": report["seconds"],
        "handling_seconds": report.get("handling_seconds"),
        "peak_mib": outcome.peak_mib,
        "cpu_seconds": outcome.cpu_seconds,
    } | more


def c_loop(stand, data, library):
    outcome = run([stand.consume, "read", stand.broker, data.topic, str(data.events)], library)
    expect("events", outcome.report["events"], data.events)
    return measured(outcome)


def worker_command(stand, topic, *words, group=None, properties=""):
    return [
        *(stand.binary, *words, "--json", "--kafka-bootstrap-servers", stand.broker, "--kafka-topic", topic),
        *("--kafka-group", group or stand.new_group(), "--log-level", "info", "--log-format", "json"),
        # The embedded broker's joins take a part of the session.
        *("--kafka-properties", f"session.timeout.ms=6000;heartbeat.interval.ms=300{properties}"),
    ]


def worker(stand, data, library, notifications, publications, options, words=("run", "--until-end"), **variables):
    """One bounded run of the worker, whose report must say that everything has been done once."""
    if words[0] == "run":
        options = [*options, "--admin-port", "none"]
    outcome = run([*worker_command(stand, data.topic, *words), *options], library, **variables)
    report = outcome.report
    expect("events", report["events"], data.events)
    expect("accepted", report["accepted"], data.events)
    expect("dead letters, lost, unfinished", [report[k] for k in ("dead_letters", "lost", "unfinished")], [0, 0, 0])
    expect("notifications", report["notifications"]["sent"], notifications)
    expect("publications", report["publications"]["recorded"], publications)
    return measured(outcome, prefetch=prefetch(outcome.log))


def worker_none(stand, data, library):
    options = ["--notification-sink", "none", "--publication-sink", "none", "--journal-url", "none"]
    return worker(stand, data, library, 0, 0, options)


def with_journal(stand, data, measure, notifications):
    """Measures with an empty journal and counts afterwards what stands in it."""
    path = os.path.join(stand.folder, "journal.sqlite")
    try:
        result = measure(["--journal-url", f"sqlite:{path}"])
        with sqlite3.connect(path) as journal:
            effects = dict(journal.execute("SELECT stage, count(*) FROM effects GROUP BY stage"))
            publications = journal.execute("SELECT count(*) FROM publications").fetchone()[0]
        journal.close()
        expect("notification effects in the journal", effects.get("notification", 0), notifications)
        expect("publication effects in the journal", effects.get("publication", 0), data.publications)
        expect("publications in the journal", publications, data.publications)
    finally:
        for file in glob.glob(path + "*"):
            os.remove(file)
    return result


def worker_journal(stand, data, library):
    options = ["--notification-sink", "none", "--publication-sink", "journal"]
    return with_journal(
        stand, data, lambda url: worker(stand, data, library, 0, data.publications, options + url), notifications=0
    )


def replay(stand, data, library):
    """The same work as `worker-journal`, by a job."""
    options = ["--notification-sink", "none", "--publication-sink", "journal"]
    words = ["replay", "--from", "earliest", "--stages", "publication"]
    return with_journal(
        stand,
        data,
        lambda url: worker(stand, data, library, 0, data.publications, options + url, words),
        notifications=0,
    )


def worker_kafka(stand, data, library):
    options = ["--notification-sink", "kafka", "--publication-sink", "kafka", "--journal-url", "none"]
    before = [stand.watermarks(topic)["high"] for topic in SINK_TOPICS]
    result = worker(stand, data, library, data.notifications, data.publications, options)
    after = [stand.watermarks(topic)["high"] for topic in SINK_TOPICS]
    written = [late - early for early, late in zip(before, after)]
    expect("records in the sinks' topics", written, [data.notifications, data.publications])
    return result


class Receiver(Service):
    """A receiver of webhooks, and the secret that it shares with the worker."""

    def __init__(self, stand, *options):
        secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
        self.variables = {"LOYALTY_NOTIFICATION_WEBHOOK_SECRET": secret}
        super().__init__([stand.binary, "receiver", *options], **self.variables)
        self.worker_options = [
            *("--notification-sink", "webhook", "--notification-webhook-url", self.address),
            *("--notification-webhook-allow", "127.0.0.1"),
        ]

    def counts(self):
        return get(self.address + "counts")


def worker_webhook(stand, data, library):
    with Receiver(stand) as receiver:
        options = [*receiver.worker_options, "--publication-sink", "journal"]
        result = with_journal(
            stand,
            data,
            lambda url: worker(
                stand, data, library, data.notifications, data.publications, options + url, **receiver.variables
            ),
            data.notifications,
        )
        counts = receiver.counts()
    expect("distinct webhooks", counts["distinct"], data.notifications)
    expect("bad, failed, repeated webhooks", [counts[k] for k in ("bad_signatures", "failed", "repeated")], [0, 0, 0])
    return result


def peer(script):
    def measure(stand, data, _):
        command = [stand.peer_python, os.path.join(PEERS, script), stand.broker, data.topic, stand.new_group()]
        outcome = run([*command, str(data.events)])
        for name in ("events", "notifications", "publications"):
            expect(name, outcome.report[name], getattr(data, name))
        return measured(outcome)

    return measure


ROWS = {
    "c-loop": Row(c_loop, codecs=BOTH_CODECS),
    "worker-none": Row(worker_none, codecs=BOTH_CODECS),
    "worker-journal": Row(worker_journal),
    "replay": Row(replay),
    "worker-kafka": Row(worker_kafka, data="small"),
    "worker-webhook": Row(worker_webhook, data="small"),
    "python-msgspec": Row(peer("msgspec_peer.py"), codecs=BOTH_CODECS, libraries="own"),
    "python-faststream": Row(peer("faststream_peer.py"), data="small", libraries="own"),
}

# Nothing of these can be measured yet, and why.
LEFT_OUT = {"worker-transactions": "there is no such row yet"}
