"""Work in Redis: which function may run, and that the same work is the same job. Nothing here is sent."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from redis import Redis
from rq.serializers import JSONSerializer

from creators.errors import JobRefused, QueueUnavailable
from creators.settings import Settings
from creators.stores.queue import JOBS, LEASE_S, QUEUES, URGENT, AllowedJob, WorkQueue, connect

IDS = st.lists(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])), max_size=4)


def work_queue(prefix=""):
    # A connection is opened by the first command, and there is none.
    return WorkQueue(Settings(index_prefix=prefix), Redis())


def job_of(function):
    return AllowedJob.create(function, args=["id"], connection=Redis(), serializer=JSONSerializer)


@pytest.mark.parametrize("function", [kind.function for kind in JOBS.values()])
def test_a_job_on_the_list_runs(function):
    assert job_of(function).func.__name__ == function.rpartition(".")[2]


@pytest.mark.parametrize("function", ["os.system", "builtins.eval", "fetchers.jobs.log", "index_object", ""])
def test_a_name_off_the_list_is_refused(function):
    job = job_of("os.system")
    job._func_name = function
    with pytest.raises(JobRefused, match="not on the list of jobs") as caught:
        _ = job.func
    assert repr(function) in caught.value.detail
    assert job.id in caught.value.detail


def test_a_method_of_an_object_is_refused():
    job = job_of(JOBS["index_object"].function)
    job._instance = {"a": 1}
    with pytest.raises(JobRefused):
        _ = job.func


def test_a_job_id_is_the_same_on_every_machine():
    assert work_queue("t1-").job_id("index_object", "key") == "t1-index_object-2c70e12b7a0646f92279f427c7b38e73"


@given(IDS, IDS, st.sampled_from(sorted(JOBS)), st.sampled_from(sorted(JOBS)))
def test_the_same_work_is_the_same_job_and_other_work_another(first, second, name, other):
    queue = work_queue()
    assert queue.job_id(name, *first) == work_queue().job_id(name, *first)
    same = queue.job_id(name, *first) == queue.job_id(other, *second)
    # No argument and one empty argument are one job; no job takes none.
    assert same is (name == other and (first or [""]) == (second or [""]))


def test_installations_do_not_share_queues_or_jobs():
    one, other = work_queue("a-"), work_queue("b-")
    assert [one.queue(name).name for name in QUEUES] == [f"a-{name}" for name in QUEUES]
    assert one.job_id("index_object", "k") != other.job_id("index_object", "k")
    assert one._lease_key("w") != other._lease_key("w")


def test_what_is_nearly_done_goes_first():
    visible = ("index_object", "write_export", "enrich_object", "normalise_object", "fetch_targets")
    jobs = (*visible, "resolve_object", "look_pictures", "backfill_targets")
    order = [JOBS[name].queue for name in jobs]
    assert [URGENT, *dict.fromkeys(order)] == list(QUEUES)


def test_an_unknown_job_is_not_queued():
    with pytest.raises(KeyError):
        work_queue().enqueue("os.system", "true")


@pytest.mark.parametrize(("age_s", "young"), [(0, True), (LEASE_S - 1, True), (LEASE_S + 1, False)])
def test_a_job_is_young_for_as_long_as_a_lease(age_s, young):
    job = job_of(JOBS["index_object"].function)
    job.enqueued_at = datetime.now(UTC) - timedelta(seconds=age_s)
    assert WorkQueue._is_young(job) is young


def test_a_job_that_was_never_queued_is_not_young():
    assert WorkQueue._is_young(job_of(JOBS["index_object"].function)) is False


def test_a_missing_address_says_what_to_set():
    with pytest.raises(QueueUnavailable, match="CREATORSCOPE_REDIS_URL"):
        connect(Settings(redis_url=None))


def test_a_connection_has_the_limits_of_the_settings():
    opened = connect(Settings(redis_url=SecretStr("redis://:pw@queue:1234/2"), redis_timeout_s=1.5))
    given = opened.connection_pool.connection_kwargs
    assert {name: given[name] for name in ("host", "port", "db", "password")} == {
        "host": "queue",
        "port": 1234,
        "db": 2,
        "password": "pw",
    }
    assert (given["socket_timeout"], given["socket_connect_timeout"]) == (1.5, 1.5)
    assert given["protocol"] == 2
