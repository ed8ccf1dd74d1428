"""The lake on S3: the same promises over a socket as in a local folder."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from moto.server import ThreadedMotoServer
from obstore.store import S3Store

from creators.errors import LakeUnavailable, NotFound
from creators.models import RawRecord
from creators.stores.lake import Lake

BUCKET = "lake"
DAY = date(2026, 11, 21)


@pytest.fixture
def s3(monkeypatch):
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    variables = {"ACCESS_KEY_ID": "x", "SECRET_ACCESS_KEY": "y", "REGION": "us-east-1"}
    for name, value in variables.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    import boto3

    boto3.client("s3").create_bucket(Bucket=BUCKET)
    yield server
    server.stop()


def record(native_id: str) -> RawRecord:
    return RawRecord(
        platform="youtube",
        source="dataset",
        kind="row",
        native_id=native_id,
        fetched_at=datetime(2026, 1, 1, tzinfo=UTC),
        body={"row": {"n": native_id}},
    )


def open_s3() -> Lake:
    return Lake(f"s3://{BUCKET}/installation", timeout_s=5, allow_http=True)


def test_records_come_back_and_the_same_again_is_one_object(s3):
    lake = open_s3()
    first = lake.put([record("a"), record("b")], landed_on=DAY)
    assert lake.put([record("a"), record("b")], landed_on=DAY) == first
    assert lake.list_keys() == [first.key]
    assert [one.native_id for one in lake.read(first.key)] == ["a", "b"]


def test_the_first_writer_of_a_name_wins(s3):
    lake = open_s3()
    assert lake.put_json("creator-datasets/d/manifest.json", {"n": 1}) == {"n": 1}
    assert lake.put_json("creator-datasets/d/manifest.json", {"n": 2}) == {"n": 1}


def test_a_changed_object_is_named(s3):
    lake = open_s3()
    key = lake.put([record("a")], landed_on=DAY).key
    store = S3Store(BUCKET, prefix="installation", client_options={"allow_http": True})
    packed = bytearray(bytes(store.get(key).bytes()))
    packed[-1] ^= 1
    store.put(key, bytes(packed))
    assert [broken for broken, problem in lake.verify() if problem] == [key]


def test_a_file_can_be_read_on_this_machine(s3, tmp_path):
    lake = open_s3()
    source = tmp_path / "table.csv"
    source.write_text("handle\na\n")
    lake.put_file("creator-datasets/d/source.csv", source)
    with lake.local_file("creator-datasets/d/source.csv") as copy:
        assert copy.read_text() == "handle\na\n"
        assert copy.suffix == ".csv"


def test_what_is_missing_and_a_store_that_is_down_are_told_apart(s3):
    lake = open_s3()
    with pytest.raises(NotFound):
        lake.read("creator-raw/none")
    s3.stop()
    with pytest.raises(LakeUnavailable, match="does not answer"):
        lake.read("creator-raw/none")
