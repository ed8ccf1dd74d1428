"""What may be queued: every name on the list is a job of a stage, and no other name is ever run."""

import importlib
import inspect

import pytest
from redis import Redis
from rq.job import Callback
from rq.serializers import JSONSerializer

from creators.errors import JobRefused
from creators.stores.queue import JOBS, QUEUES, URGENT, AllowedJob
from creators.stores.receipts import NEXT_JOB


def job_of(function, *arguments, **more):
    # Nothing is sent: a connection is opened by the first command, and there is none.
    return AllowedJob.create(function, args=arguments, connection=Redis(), serializer=JSONSerializer, **more)


def function_of(dotted):
    module, _, name = dotted.rpartition(".")
    return getattr(importlib.import_module(module), name)


@pytest.mark.parametrize("name", JOBS)
def test_a_job_is_a_function_in_the_jobs_module_of_a_stage(name):
    kind = JOBS[name]
    stage, *inner, function = kind.function.split(".")
    assert stage in {"fetchers", "enrich", "indexers", "search"}
    assert (inner, function) == (["jobs"], name)
    assert inspect.isfunction(function_of(kind.function))
    assert kind.queue in QUEUES


@pytest.mark.parametrize("name", JOBS)
def test_a_job_takes_ids_only(name):
    parameters = inspect.signature(function_of(JOBS[name].function)).parameters.values()
    assert parameters
    assert {str(parameter.annotation) for parameter in parameters} == {"str"}


def test_every_queue_has_a_job_and_every_open_state_a_next_one():
    assert {kind.queue for kind in JOBS.values()} | {URGENT} == set(QUEUES)
    assert set(NEXT_JOB.values()) <= set(JOBS)


@pytest.mark.parametrize("name", JOBS)
def test_an_allowed_job_finds_its_function(name):
    assert job_of(JOBS[name].function, "id").func is function_of(JOBS[name].function)


@pytest.mark.parametrize(
    "function",
    [
        "os.system",
        "subprocess.check_output",
        "fetchers.jobs.fetch_slice",
        "enrich.jobs.current_stores",
        "creators.stores.queue.work",
        "fetchers.jobs.fetch_dataset.__globals__",
    ],
)
def test_any_other_function_is_refused(function):
    with pytest.raises(JobRefused, match="refused"):
        _ = job_of(function, "true").func


def test_a_method_of_an_instance_is_refused():
    job = job_of(JOBS["fetch_dataset"].function, "id")
    job._instance = "text"
    with pytest.raises(JobRefused):
        _ = job.func


def as_redis_returns_it(value):
    return value if isinstance(value, bytes) else str(getattr(value, "value", value)).encode()


def test_callbacks_and_webhooks_do_not_survive_the_way_through_redis():
    queued = job_of(JOBS["fetch_dataset"].function, "id", on_success=Callback("os.system"))
    stored = {name.encode(): as_redis_returns_it(value) for name, value in queued.to_dict().items()}
    assert stored[b"success_callback_name"] == b"os.system"
    restored = job_of(JOBS["fetch_dataset"].function, "other")
    restored.restore(stored)
    assert list(restored.args) == ["id"]
    names = (restored._success_callback_name, restored._failure_callback_name, restored._stopped_callback_name)
    assert names == (None, None, None)
    assert restored.webhooks == []
