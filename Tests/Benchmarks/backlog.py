"""Memory behind a sink that answers nobody."""

import time

from lanes import EVEN
from rows import Receiver, expect, prefetch, worker_command
from stand import BenchmarkError, Process, free_port, get, resident

SECONDS = 30


def memory(stand, data, library):
    """How much, and how much more in the second half, in MiB a minute."""
    topic = data[EVEN.topic]
    with Receiver(stand, "--delay-ms", "600000") as receiver:
        command = worker_command(stand, topic.topic, "run") + receiver.worker_options
        command += ["--notification-webhook-timeout", "5m", "--publication-sink", "none", "--journal-url", "none"]
        port = free_port()
        with Process([*command, "--admin-port", str(port)], library, **receiver.variables) as process:
            time.sleep(SECONDS / 2)
            half = resident(process.process.pid, "VmRSS")
            time.sleep(SECONDS / 2)
            peak, end = (resident(process.process.pid, field) for field in ("VmHWM", "VmRSS"))
            status = get(f"http://127.0.0.1:{port}/status")
            regime = prefetch(process.text())
        expect("answered webhooks", receiver.counts()["received"], 0)
    expect("finished events", status["counts"]["finished"], 0)
    if status["in_flight"] == 0:
        raise BenchmarkError("nothing is in flight")
    yield {
        "what": "blocked sink",
        "events": topic.events,
        "peak_mib": peak,
        "growth_mib": (end - half) * 60 / (SECONDS / 2),
        "prefetch": regime,
    }
