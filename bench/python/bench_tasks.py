"""The Celery app of the benchmarks. Its task tells that it has begun, and when, through an inherited file descriptor."""

import json
import os
import signal
import struct
import sys
import threading
import time

from celery import Celery
from celery.signals import worker_ready

QUEUE = "bench"
TOLD = 3

app = Celery("bench", broker=os.environ["BENCH_BROKER"])
app.conf.update(
    task_default_queue=QUEUE,
    # What is printed here is for who started it, not for the log.
    worker_redirect_stdouts=False,
    broker_transport_options=json.loads(os.environ["BENCH_TRANSPORT_OPTIONS"]),
    **json.loads(os.environ["BENCH_CONFIG"]),
)


@app.task(name="bench.note", ignore_result=True)
def note(job):
    os.write(TOLD, struct.pack("<qq", job["id"], time.monotonic_ns()))


def obey(worker):
    """Takes nothing before it is told to, and ends with who started it."""
    for line in sys.stdin:
        if line.strip() == "start":
            worker.app.control.add_consumer(QUEUE, destination=[worker.hostname], reply=True, timeout=5, limit=1)
            print("started", flush=True)
    os.kill(os.getpid(), signal.SIGQUIT)


@worker_ready.connect
def listen(sender, **_):
    print("ready", flush=True)
    threading.Thread(target=obey, args=(sender,), daemon=True).start()
