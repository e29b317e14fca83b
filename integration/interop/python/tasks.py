"""The Celery app of the interop tests: a stock app, with nothing of Lovage in it."""

import json
import os
import time

from celery import Celery
from kombu import Exchange, Queue

app = Celery("interop", broker=os.environ["INTEROP_BROKER"], backend=os.environ["INTEROP_BACKEND"])
app.conf.update(
    broker_connection_retry_on_startup=True,
    task_default_queue=os.environ.get("INTEROP_PYTHON_QUEUE", "celery"),
    task_routes={"ts.*": {"queue": os.environ.get("INTEROP_LOVAGE_QUEUE", "default")}},
    **json.loads(os.environ.get("INTEROP_CONFIG", "{}")),
)

arguments = json.loads(os.environ.get("INTEROP_QUEUE_ARGUMENTS", "{}"))
if arguments:
    app.conf.task_queues = [
        Queue(name, Exchange(name), routing_key=name, queue_arguments=arguments.get(name))
        for name in ("celery", "default", "shared")
    ]


@app.task(name="py.add")
def add(x, y):
    return x + y


@app.task(name="py.total")
def total(numbers):
    return sum(numbers)


@app.task(name="py.echo", bind=True)
def echo(self, *args, **kwargs):
    return {"args": list(args), "kwargs": kwargs, "id": self.request.id, "at": time.time()}


@app.task(name="py.fail")
def fail():
    raise ValueError("boom", 42)


@app.task(name="py.retry", bind=True, max_retries=5)
def retry(self, times):
    if self.request.retries < times:
        raise self.retry(countdown=0.2)
    return self.request.retries


@app.task(name="py.progress", bind=True)
def progress(self):
    self.update_state(state="PROGRESS", meta={"done": 1, "of": 3})
    time.sleep(1)
    return "done"


@app.task(name="either.who")
def who(_number):
    return "python"
