"""A file handed in: one dataset for the same file and mapping, however often, from the first time on."""

from datetime import UTC, datetime

import pytest

from creators.datasets import parse_mapping
from creators.errors import BadDataset, NotFound
from creators.stores.lake import Lake
from fetchers import intake

MAPPING = parse_mapping({"title": "List", "platform": "x", "account": {"handle": "user"}})


@pytest.fixture
def lake(tmp_path):
    return Lake((tmp_path / "lake").as_uri())


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "List.CSV"
    path.write_bytes(b"user\nrosa\n")
    return path


def test_the_same_file_is_the_same_dataset_with_its_first_time(lake, file):
    before = datetime.now(UTC)
    first = intake.register(lake, file, MAPPING)
    assert before <= first.registered_at <= datetime.now(UTC)
    assert intake.register(lake, file, MAPPING) == first
    assert intake.load(lake, first.dataset_id) == first
    assert intake.registered(lake) == [first.dataset_id]


def test_a_dataset_says_where_its_file_lies(lake, file):
    dataset = intake.register(lake, file, MAPPING)
    assert dataset.file_key == f"creator-datasets/{dataset.dataset_id}/source.csv"
    assert (dataset.file_name, dataset.suffix, dataset.mapping) == ("List.CSV", ".csv", MAPPING)
    assert dataset.landed_on == dataset.registered_at.date()
    with lake.local_file(dataset.file_key) as path:
        assert path.read_bytes() == file.read_bytes()


def test_the_name_of_the_file_does_not_matter(lake, file):
    dataset = intake.register(lake, file, MAPPING)
    again = intake.register(lake, file.rename(file.with_name("copy.csv")), MAPPING)
    assert again == dataset


@pytest.mark.parametrize("change", ["content", "mapping", "suffix"])
def test_whatever_changes_the_reading_is_another_dataset(lake, file, change):
    first = intake.register(lake, file, MAPPING)
    mapping = MAPPING
    if change == "content":
        file.write_bytes(b"user\nrosa\nolga\n")
    elif change == "mapping":
        mapping = parse_mapping({"title": "List", "platform": "tiktok", "account": {"handle": "user"}})
    else:
        file = file.rename(file.with_suffix(".tsv"))
    second = intake.register(lake, file, mapping)
    assert second.dataset_id != first.dataset_id
    assert sorted(intake.registered(lake)) == sorted([first.dataset_id, second.dataset_id])


@pytest.mark.parametrize("name", ["absent.csv", ""])
def test_a_file_that_cannot_be_read_is_named(lake, tmp_path, name):
    with pytest.raises(BadDataset, match="cannot be read") as caught:
        intake.register(lake, tmp_path / name, MAPPING)
    assert str(tmp_path / name) in caught.value.detail
    assert caught.value.field == "file"
    assert intake.registered(lake) == []


def test_a_dataset_that_was_never_registered_is_not_found(lake):
    assert intake.registered(lake) == []
    with pytest.raises(NotFound):
        intake.load(lake, "0" * 32)
