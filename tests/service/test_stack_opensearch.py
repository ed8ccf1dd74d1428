"""A real OpenSearch from nothing: shared, killed, started again with its data, refused with its own words."""

import http.client
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from creators.errors import EngineFailed
from creators.settings import Settings
from stack import opensearch
from stack.artifacts import pinned, prepare
from stack.console import StartConsole
from stack.doctor import examine
from stack.engines import EngineName, open_engines, start_detached, status, stop
from stack.privileges import Privilege, PrivilegeMode
from stack.state import StateFile

pytestmark = pytest.mark.engines

LIMIT_S = 60
HEAP_MB = 512
UNUSED_REDIS = "redis://127.0.0.1:9/0"
OWNER = """
import sys
from creators.settings import Settings
from stack.engines import open_engines
with open_engines(Settings(data_dir=sys.argv[1], opensearch_heap_mb=512)) as engines:
    print("owned" if engines.owned else "guest", flush=True)
    sys.stdin.read()
"""


def _ask(url, method, path, body=None):
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=LIMIT_S)
    try:
        text = None if body is None else json.dumps(body)
        connection.request(method, path, text, {"Content-Type": "application/json"})
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


def _processes(settings):
    records = StateFile(settings.data_dir).read().values()
    return [psutil.Process(found.pid) for record in records for found in (record.process, record.guard)]


def _gone(processes):
    return not psutil.wait_procs(processes, timeout=LIMIT_S)[1]


def test_a_stack_is_shared_and_stopped_and_its_data_outlive_a_killed_owner(tmp_path):
    settings = Settings(data_dir=tmp_path, opensearch_heap_mb=HEAP_MB, opensearch_url=None, redis_url=None)
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert any(line.strip() == "owned" for line in owner.stdout)
        with open_engines(settings) as guest:
            assert not guest.owned
            _write_vectors(guest.opensearch_url)
        processes = _processes(settings)
        assert len(processes) == 4
        assert status(settings).running
    finally:
        owner.kill()
        owner.communicate(timeout=LIMIT_S)
    assert _gone(processes)
    assert not status(settings).running

    try:
        engines = start_detached(settings)
        found = _ask(engines.opensearch_url, "POST", "/kept/_search", {"query": _nearest([1.0, 0.0])})
        assert [hit["_id"] for hit in found["hits"]["hits"]] == ["east", "north"]
        by_name = {engine.engine: engine for engine in status(settings).engines}
        assert by_name[EngineName.OPENSEARCH].version == pinned()[0].version
        assert by_name[EngineName.OPENSEARCH].data_bytes > 0
        assert by_name[EngineName.OPENSEARCH].memory_bytes > HEAP_MB << 19
        assert {check.name: check.ok for check in examine(settings)}["engines"]
        processes = _processes(settings)
    finally:
        assert stop(settings)
    assert _gone(processes)


def _write_vectors(url):
    """Use both plugins, so that a node without them cannot pass."""
    vector = {"type": "knn_vector", "dimension": 2, "method": {"name": "hnsw", "engine": "lucene", "space_type": "l2"}}
    mapping = {"settings": {"index.knn": True}, "mappings": {"properties": {"v": vector}}}
    assert _ask(url, "PUT", "/kept", mapping)["acknowledged"]
    for name, value in (("east", [1.0, 0.0]), ("north", [0.0, 1.0])):
        assert _ask(url, "PUT", f"/kept/_doc/{name}?refresh=true", {"v": value})["result"] == "created"
    hybrid = {"query": {"hybrid": {"queries": [_nearest([0.0, 1.0]), {"match_all": {}}]}}}
    assert _ask(url, "POST", "/kept/_search", hybrid)["hits"]["total"]["value"] == 2


def _nearest(vector):
    return {"knn": {"v": {"vector": vector, "k": 2}}}


def test_a_node_that_cannot_start_is_quoted_and_leaves_nothing(tmp_path, monkeypatch):
    settings = Settings(data_dir=tmp_path, opensearch_heap_mb=HEAP_MB, opensearch_url=None, redis_url=UNUSED_REDIS)
    text = opensearch.config_text
    monkeypatch.setattr(opensearch, "config_text", lambda instance: text(instance) + "no.such.setting: 1\n")
    with pytest.raises(EngineFailed, match=r"(?s)unknown setting \[no\.such\.setting\].*creatorscope\.log"):
        start_detached(settings)
    assert StateFile(tmp_path).read() == {}
    assert not stop(settings)


@pytest.fixture
def closed_folder():
    """A folder that only root can enter, with a shelter beside it, both outside pytest's own closed folders."""
    parent = Path("/tmp") / f"creatorscope-test-{os.getpid()}"  # noqa: S108 - a fixed place that every user id can pass
    parent.mkdir()
    parent.chmod(0o755)
    closed = parent / "closed"
    closed.mkdir(mode=0o700)
    yield closed
    shutil.rmtree(parent)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to change its user id for OpenSearch")
@pytest.mark.parametrize("mode", [PrivilegeMode.USER_NAMESPACE, PrivilegeMode.SETUID])
def test_root_can_start_it_from_folders_that_only_root_can_enter(closed_folder, mode):
    cache, shelter = closed_folder / "cache", closed_folder.parent / "shelter"
    unpacked = prepare(Settings().cache_dir, StartConsole(enabled=False))
    shutil.copytree(unpacked, cache / "engines" / unpacked.name, copy_function=_link)
    settings = Settings(
        data_dir=closed_folder / "data",
        cache_dir=cache,
        opensearch_heap_mb=HEAP_MB,
        opensearch_url=None,
        redis_url=UNUSED_REDIS,
    )
    with open_engines(settings, privilege=Privilege(mode, shelter)) as engines:
        assert _ask(engines.opensearch_url, "PUT", "/one", {})["acknowledged"]
        assert _ask(engines.opensearch_url, "PUT", "/one/_doc/1", {"a": 1})["result"] == "created"
        uid = psutil.Process(_processes(settings)[0].pid).uids().real
        assert (uid == 0) is (mode is PrivilegeMode.USER_NAMESPACE)
        assert shelter.exists() is (mode is PrivilegeMode.SETUID)
    assert (settings.data_dir / "opensearch" / "data" / "nodes").is_dir()


def _link(source, target):
    """Share the file's content instead of copying it, where both are on one disk."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
