"""A Python producer that a test tells what to do: one JSON object a line in, one a line out."""

import json
import sys
import traceback
from datetime import datetime, timedelta, timezone

from celery import chain, chord, group, signature
from celery.exceptions import TimeoutError as WaitTimeoutError
from celery.result import AsyncResult

from tasks import app


def build(form):
    """A signature, chain, group or chord as the test describes it."""
    if "chain" in form:
        return chain(*[build(part) for part in form["chain"]])
    if "group" in form:
        return group([build(part) for part in form["group"]])
    if "chord" in form:
        return chord([build(part) for part in form["chord"]], build(form["body"]))
    options = form.get("options", {})
    made = signature(form["task"], args=form.get("args", []), kwargs=form.get("kwargs", {}), app=app, **options)
    if form.get("immutable"):
        made = made.set(immutable=True)
    if "link_error" in form:
        made.link_error(build(form["link_error"]))
    return made


def send(command):
    options = dict(command.get("options", {}))
    if "eta_in" in options:
        options["eta"] = datetime.now(timezone.utc) + timedelta(seconds=options.pop("eta_in"))
    result = app.send_task(command["task"], command.get("args", []), command.get("kwargs", {}), **options)
    return {"id": result.id}


def canvas(command):
    result = build(command["canvas"]).apply_async()
    answer = {"id": result.id}
    if hasattr(result, "results") and result.results:
        answer["members"] = [member.id for member in result.results]
    return answer


def get(command):
    """Celery reads a result and subscribes to it over two connections, and waits in vain for what is stored in between: that is told, and read again."""
    result = AsyncResult(command["id"], app=app)
    try:
        try:
            return {"value": result.get(timeout=command.get("timeout", 20)), "state": result.state}
        except WaitTimeoutError:
            result = AsyncResult(command["id"], app=app)
            if not result.ready():
                raise
            return {"value": result.get(timeout=1), "state": result.state, "missed": True}
    except Exception as error:
        return {
            "state": result.state,
            "error": {"type": type(error).__name__, "args": [str(arg) for arg in error.args]},
            "traceback": result.traceback,
        }


def meta(command):
    return app.backend.get_task_meta(command["id"], cache=False)["status"]


def revoke(command):
    app.control.revoke(command["id"])


def ping(command):
    return app.control.ping(timeout=command.get("timeout", 2))


actions = {"send": send, "canvas": canvas, "get": get, "state": meta, "revoke": revoke, "ping": ping}

print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    command = json.loads(line)
    try:
        answer = {"answer": actions[command["do"]](command)}
    except Exception:
        answer = {"failure": traceback.format_exc()}
    print(json.dumps(answer), flush=True)
