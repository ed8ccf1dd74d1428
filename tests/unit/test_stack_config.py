"""What the engines are told: heap, options, addresses, persistence."""

import stat

import pytest

from creators.settings import Settings
from stack import opensearch, redis
from stack.engines import Engines
from stack.launch import LogTail
from stack.report import without_password

SHIPPED = """## heap
-Xms1g
-Xmx1g
11-:-XX:+UseG1GC
-XX:HeapDumpPath=data
9-:-Xlog:gc*:file=logs/gc.log
20-:--add-modules=jdk.incubator.vector
21-:-javaagent:agent/opensearch-agent.jar
"""


@pytest.mark.parametrize(("memory_gb", "heap"), [(2, 1024), (8, 1024), (16, 2048), (32, 4096), (512, 4096)])
def test_the_heap_is_an_eighth_of_memory_within_one_and_four_gb(memory_gb, heap):
    assert opensearch.heap_mb(Settings(opensearch_heap_mb=None), memory_gb << 30) == heap


def test_a_heap_in_the_settings_is_obeyed():
    assert opensearch.heap_mb(Settings(opensearch_heap_mb=700), 512 << 30) == 700


@pytest.mark.parametrize(("written", "least"), [("1048576\n", True), ("max\n", False), (None, False)])
def test_memory_is_what_a_container_allows(tmp_path, written, least):
    limit = tmp_path / "memory.max"
    if written is not None:
        limit.write_text(written)
    assert (opensearch.usable_memory(limit) == 1048576) is least


def test_jvm_options_keep_what_was_shipped_except_heap_and_shared_folders():
    lines = opensearch.jvm_options(SHIPPED, 512, simd=True).split()
    assert {"11-:-XX:+UseG1GC", "21-:-javaagent:agent/opensearch-agent.jar", "-Xms512m", "-Xmx512m"} <= set(lines)
    assert "20-:--add-modules=jdk.incubator.vector" in lines
    assert not {"-Xms1g", "-Xmx1g", "-XX:HeapDumpPath=data"} & set(lines)
    assert not any("gc.log" in line for line in lines)


def test_jvm_options_leave_out_a_module_that_java_lacks():
    assert "incubator" not in opensearch.jvm_options(SHIPPED, 512, simd=False)


def test_opensearch_listens_on_loopback_only_and_never_turns_read_only(tmp_path):
    lines = opensearch.config_text(tmp_path / "a b").splitlines()
    assert 'network.host: "127.0.0.1"' in lines
    assert 'discovery.type: "single-node"' in lines
    assert "cluster.routing.allocation.disk.threshold_enabled: false" in lines
    assert f'path.data: "{tmp_path}/a b/data"' in lines


def test_redis_is_private_durable_and_never_drops_work(tmp_path):
    path = redis.write_config(tmp_path / 'wi"th blank', 7001, "secret")
    lines = path.read_text().splitlines()
    for line in ("bind 127.0.0.1", "port 7001", "requirepass secret", "appendonly yes", "maxmemory-policy noeviction"):
        assert line in lines
    assert f'dir "{tmp_path}/wi\\"th blank"' in lines
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_readable_configuration_left_by_somebody_is_replaced_by_a_private_one(tmp_path):
    (tmp_path / "redis.conf").write_text("requirepass old")
    (tmp_path / "redis.conf").chmod(0o644)
    path = redis.write_config(tmp_path, 7001, "secret")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "old" not in path.read_text()


def test_a_password_is_never_shown():
    engines = Engines("http://admin:hidden@h:9200", "redis://:hidden@127.0.0.1:7001/0", owned=True)
    assert "hidden" not in repr(engines)
    assert "hidden" in engines.redis_url
    assert without_password("redis://:hidden@127.0.0.1:7001/0") == "redis://127.0.0.1:7001/0"


def test_the_words_of_a_failure_are_those_said_since_the_start(tmp_path):
    log = tmp_path / "engine.log"
    log.write_text("[ERROR] of yesterday\n")
    tail = LogTail((log,))
    with log.open("a") as file:
        file.write("[INFO ] JVM arguments [-XX:-OmitStackTraceInFastThrow, ExceptionMessages]\n")
        file.write("[ERROR] bootstrap failed\njava.lang.Exception: why\n    at a.b.c(Error.java)\n")
        file.write("".join(f"all is well {number}\n" for number in range(20)))
    assert tail.words() == "[ERROR] bootstrap failed\njava.lang.Exception: why"


def test_a_few_lines_are_quoted_whole(tmp_path):
    log = tmp_path / "engine.log"
    tail = LogTail((log,))
    log.write_text("FATAL\nat line 13\nbad directive\n")
    assert tail.words() == "FATAL\nat line 13\nbad directive"


def test_an_engine_that_names_no_error_is_quoted_anyway(tmp_path):
    log = tmp_path / "engine.log"
    tail = LogTail((log,))
    log.write_text("".join(f"line {number}\n" for number in range(50)))
    assert tail.words().splitlines() == [f"line {number}" for number in range(38, 50)]
