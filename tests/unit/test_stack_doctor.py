"""What the doctor finds on this machine, and on a smaller one."""

import pytest

from creators.settings import Settings
from stack import doctor, opensearch


@pytest.fixture
def settings(tmp_path):
    return Settings(data_dir=tmp_path / "data", cache_dir=tmp_path / "cache", opensearch_url=None, redis_url=None)


def _found(settings):
    checks = doctor.examine(settings)
    assert len({check.name for check in checks}) == len(checks)
    return {check.name: check for check in checks}


def test_a_fresh_machine_is_told_what_the_first_start_will_do(settings):
    found = _found(settings)
    assert (found["artifacts"].ok, found["engines"].ok) == (None, None)
    assert "180 MB" in found["artifacts"].detail
    assert found["redis"].ok
    assert found["python"].ok
    assert not settings.data_dir.exists()
    assert not settings.cache_dir.exists()


def test_whatever_is_wrong_has_a_fix(settings, monkeypatch):
    monkeypatch.setattr(opensearch, "usable_memory", lambda: 1 << 30)
    monkeypatch.setattr(doctor, "NEEDED_DISK_GB", 10**9)
    found = _found(settings)
    assert "CREATORSCOPE_OPENSEARCH_HEAP_MB" in found["memory"].fix
    assert "CREATORSCOPE_DATA_DIR" in found["disk"].fix
    assert all(check.fix for check in found.values() if check.ok is False)


def test_a_given_cluster_needs_no_java(settings):
    found = doctor._java(settings.model_copy(update={"opensearch_url": "http://127.0.0.1:9"}))
    assert (found.ok, "CREATORSCOPE_OPENSEARCH_URL" in found.detail) == (None, True)
