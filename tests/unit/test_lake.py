"""The lake: immutable, named by checksum, and honest about what is broken."""

import json
import re
from datetime import UTC, date, datetime

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from creators.errors import LakeCorrupt, LakeUnavailable, NotFound, SetupError
from creators.ids import content_hash
from creators.models import RawRecord
from creators.settings import Settings
from creators.stores import lake as lakes
from creators.stores.lake import Lake, LakeObject, checksum_of, open_lake, serialise

AT = datetime(2026, 11, 1, 12, tzinfo=UTC)
DAY = date(2026, 3, 7)


def record(number=1, **body):
    return RawRecord(
        platform="youtube",
        source="dataset",
        kind="row",
        native_id=str(number),
        fetched_at=AT,
        body=body or {"n": number},
    )


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "lake"


@pytest.fixture
def lake(folder):
    return Lake(folder.as_uri())


def spoil(folder, key, change):
    path = folder / key
    path.write_bytes(change(path.read_bytes()))


def test_what_is_put_is_read(lake):
    records = [record(1), record(2, bio="línea\u2028uno\nñ", nested={"a": [None, 1.5]})]
    stored = lake.put(records, landed_on=DAY)
    assert stored == LakeObject(stored.key, 2)
    assert lake.read(stored.key) == records


def test_the_key_is_platform_day_source_and_checksum(lake):
    records = [record(1), record(2)]
    digest = content_hash(serialise(records))
    batch = f"creator-raw/youtube/2026/03/07/dataset/part-{digest}.jsonl.zst"
    assert lake.put(records, landed_on=DAY).key == batch
    digest = content_hash(serialise(records[:1]))
    single = f"creator-raw/youtube/2026/03/07/dataset/{digest}.json.zst"
    assert lake.put(records[:1], landed_on=DAY, batch=False).key == single
    assert lake.list_keys() == sorted([batch, single])
    assert [checksum_of(key) for key in (batch, single)] == [batch.split("part-")[1][:64], digest]


def test_the_same_content_again_changes_nothing(lake, folder):
    first = lake.put([record()], landed_on=DAY)
    before = (folder / first.key).stat()
    assert lake.put([record()], landed_on=DAY) == first
    after = (folder / first.key).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert lake.list_keys() == [first.key]


def test_an_object_that_is_there_is_not_rewritten_even_when_broken(lake, folder):
    key = lake.put([record()], landed_on=DAY).key
    spoil(folder, key, lambda _data: b"broken")
    lake.put([record()], landed_on=DAY)
    assert (folder / key).read_bytes() == b"broken"


def test_equal_records_are_equal_bytes():
    assert serialise([record(1, a=1, b=2)]) == serialise([record(1, b=2, a=1)])
    assert serialise([record(1), record(2)]) != serialise([record(2), record(1)])
    assert serialise([]) == b""


def test_an_object_is_compressed_json_lines(lake, folder):
    key = lake.put([record(1), record(2)], landed_on=DAY).key
    lines = zstandard.decompress((folder / key).read_bytes()).decode().splitlines()
    assert [json.loads(line)["native_id"] for line in lines] == ["1", "2"]


def unpacked(key, packed):
    try:
        return Lake._unpack(key, packed)
    except LakeCorrupt as error:
        return "refused " + error.detail.removeprefix("lake object ").split()[0]


@given(st.data())
def test_any_flipped_bit_is_noticed(data):
    payload = serialise([record(7, text="some words that compress")])
    packed = bytearray(zstandard.compress(payload, 3))
    key = f"creator-raw/x/part-{content_hash(payload)}.jsonl.zst"
    assert Lake._unpack(key, bytes(packed)) == payload
    packed[data.draw(st.integers(0, len(packed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    # A bit of the frame header may not matter to the content; then the content is what was written.
    assert unpacked(key, bytes(packed)) in {payload, f"refused {key}"}


def test_a_flipped_byte_in_the_content_is_refused_and_named(lake, folder):
    fine, spoilt = (lake.put([record(n)], landed_on=DAY).key for n in (1, 2))
    other = zstandard.compress(serialise([record(3)]), 3)
    spoil(folder, spoilt, lambda _data: other)
    with pytest.raises(LakeCorrupt, match="does not hash to its name") as caught:
        lake.read(spoilt)
    assert spoilt in caught.value.detail
    assert dict(lake.verify()) == {fine: None, spoilt: caught.value.detail}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda data: data[: len(data) // 2], "hash|unpack"),
        (lambda _data: b"", "hash"),
        (lambda data: b"\x00" + data, "unpack"),
        (lambda _data: b"not zstd at all", "unpack"),
        (lambda data: data[:-1], "hash|unpack"),
    ],
    ids=["half", "empty", "shifted", "text", "one byte short"],
)
def test_an_object_that_does_not_unpack_whole_is_refused(lake, folder, change, reason):
    key = lake.put([record(1, text="x" * 1000)], landed_on=DAY).key
    spoil(folder, key, change)
    with pytest.raises(LakeCorrupt, match=reason):
        lake.read(key)
    ((found, problem),) = lake.verify()
    assert found == key
    assert re.search(reason, problem)


def test_an_object_that_would_fill_the_memory_is_refused(lake, monkeypatch):
    small = lake.put([record(1)], landed_on=DAY).key
    bomb = lake.put([record(2, text="0" * 100_000)], landed_on=DAY).key
    monkeypatch.setattr(lakes, "MAX_OBJECT_BYTES", 10_000)
    assert lake.read(small) == [record(1)]
    with pytest.raises(LakeCorrupt, match="unpacks to more than 10000 bytes") as caught:
        lake.read(bomb)
    assert dict(lake.verify()) == {small: None, bomb: caught.value.detail}


def test_verify_names_an_object_whose_lines_are_no_records(lake, folder):
    payload = b'{"platform": "myspace"}\n'
    key = f"creator-raw/x/2026/01/01/s/part-{content_hash(payload)}.jsonl.zst"
    (folder / key).parent.mkdir(parents=True)
    (folder / key).write_bytes(zstandard.compress(payload))
    ((found, problem),) = lake.verify()
    assert found == key
    assert "platform" in problem


def test_verify_of_an_empty_lake_is_empty(lake):
    assert list(lake.verify()) == []


def test_the_first_writer_of_a_small_object_wins(lake):
    assert lake.put_json("creator-datasets/a/manifest.json", {"by": "first"}) == {"by": "first"}
    assert lake.put_json("creator-datasets/a/manifest.json", {"by": "second"}) == {"by": "first"}
    assert lake.get_json("creator-datasets/a/manifest.json") == {"by": "first"}


def test_a_file_is_copied_once_and_read_where_it_lies(lake, folder, tmp_path):
    file = tmp_path / "table.csv"
    file.write_bytes(b"a,b\n1,2\n")
    lake.put_file("creator-datasets/a/source.csv", file)
    file.write_bytes(b"changed")
    lake.put_file("creator-datasets/a/source.csv", file)
    with lake.local_file("creator-datasets/a/source.csv") as path:
        assert path == folder / "creator-datasets/a/source.csv"
        assert path.read_bytes() == b"a,b\n1,2\n"


def test_a_file_larger_than_a_chunk_is_whole(lake, tmp_path, monkeypatch):
    monkeypatch.setattr(lakes, "_COPY_BYTES", 5 * 1024 * 1024)
    file = tmp_path / "large.csv"
    data = bytes(range(256)) * 48 * 1024
    file.write_bytes(data)
    lake.put_file("creator-datasets/a/source.csv", file)
    with lake.local_file("creator-datasets/a/source.csv") as path:
        assert content_hash(path.read_bytes()) == content_hash(data)


def test_a_lake_that_is_no_folder_gives_a_copy_that_goes_again(tmp_path):
    file = tmp_path / "table.csv"
    file.write_bytes(b"a,b\n1,2\n")
    remote = Lake("memory:///")
    remote.put_file("creator-datasets/a/source.csv", file)
    with remote.local_file("creator-datasets/a/source.csv") as path:
        assert path.suffix == ".csv"
        assert path.read_bytes() == b"a,b\n1,2\n"
    assert not path.exists()
    with pytest.raises(NotFound), remote.local_file("creator-datasets/b/source.csv"):
        pass


def ask_local_file(lake, key):
    with lake.local_file(key):
        pass


@pytest.mark.parametrize("ask", [Lake.read, Lake.get_json, ask_local_file], ids=["read", "get_json", "local_file"])
def test_what_is_not_there_is_not_found(lake, ask):
    with pytest.raises(NotFound, match="creator-raw/none"):
        ask(lake, "creator-raw/none")


def test_only_keys_below_the_prefix_are_listed(lake):
    lake.put_json("creator-datasets/a/manifest.json", {})
    key = lake.put([record()], landed_on=DAY).key
    assert lake.list_keys() == [key]
    assert lake.list_keys("creator-datasets") == ["creator-datasets/a/manifest.json"]
    assert lake.list_keys("nothing") == []


def test_a_lake_that_breaks_down_is_unavailable(lake, folder):
    (folder / "creator-raw").write_text("a file where a folder belongs", encoding="utf-8")
    with pytest.raises(LakeUnavailable, match=re.escape(folder.as_uri())):
        lake.put([record()], landed_on=DAY)


@pytest.mark.parametrize("below", ["", "/lake"])
def test_a_lake_that_cannot_be_opened_is_unavailable(tmp_path, below):
    (tmp_path / "file").write_text("not a folder", encoding="utf-8")
    with pytest.raises(LakeUnavailable, match="cannot be opened"):
        Lake((tmp_path / "file").as_uri() + below)


@pytest.mark.parametrize("url", ["nonsense", "s3://", "gopher://x/y", ""])
def test_an_address_that_is_none_is_named_as_a_setting(url):
    with pytest.raises(SetupError, match="CREATORSCOPE_LAKE_URL") as caught:
        Lake(url)
    assert "\n" not in caught.value.detail


def test_the_settings_say_where_the_lake_is(tmp_path):
    opened = open_lake(Settings(data_dir=tmp_path))
    opened.put_json("a.json", {"here": 1})
    assert json.loads((tmp_path / "lake" / "a.json").read_text(encoding="utf-8")) == {"here": 1}
