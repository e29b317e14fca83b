"""A Celery producer that is told what to do: one JSON object a line in, one a line out."""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone

from bench_tasks import QUEUE, app, note

THREADS = 10


def enqueue(job):
    began = time.perf_counter()
    note.apply_async((job,))
    return (time.perf_counter() - began) * 1e6


def each(command):
    return [enqueue(job) for job in command["jobs"]]


def threads(command):
    with ThreadPoolExecutor(THREADS) as pool:
        for _ in pool.map(enqueue, command["jobs"]):
            pass


def schedule(command):
    for due in command["jobs"]:
        eta = datetime.fromtimestamp(due["dueAtMs"] / 1000, timezone.utc)
        note.apply_async((due["job"],), eta=eta)


def depth(_):
    with app.connection_for_read() as connection, connection.channel() as channel:
        return app.amqp.queues[QUEUE](channel).queue_declare().message_count


actions = {"each": each, "threads": threads, "schedule": schedule, "depth": depth}

with app.connection_for_write() as connection, connection.channel() as channel:
    app.amqp.queues[QUEUE](channel).declare()
print(json.dumps({"answer": "ready"}), flush=True)
for line in sys.stdin:
    command = json.loads(line)
    print(json.dumps({"answer": actions[command["do"]](command)}), flush=True)
