"""Pinned files: what is pinned, and what happens when a file is not what it should be."""

import hashlib
import re

import pytest

from creators.errors import ArtifactError
from stack.artifacts import Artifact, engine_home, pinned, verify

CONTENT = b"not the engine"


def _pin(sha256):
    return Artifact("org.example", "engine", "1.0", sha256, len(CONTENT))


def test_the_engine_comes_first_and_every_pin_is_a_full_checksum():
    pins = pinned()
    assert [pin.plugin for pin in pins] == [None, "opensearch-knn", "opensearch-neural-search"]
    assert all(re.fullmatch("[0-9a-f]{64}", pin.sha256) and pin.size > 1_000_000 for pin in pins)
    assert {pin.version.removesuffix(".0") if pin.plugin else pin.version for pin in pins} == {pins[0].version}


def test_a_file_with_the_pinned_checksum_passes(tmp_path):
    path = tmp_path / "engine.zip"
    path.write_bytes(CONTENT)
    verify(path, _pin(hashlib.sha256(CONTENT).hexdigest()))


@pytest.mark.parametrize("content", [b"", CONTENT[:-1], CONTENT + b"!"])
def test_another_file_is_refused_and_the_message_says_what_to_delete(tmp_path, content):
    path = tmp_path / "engine.zip"
    path.write_bytes(content)
    with pytest.raises(ArtifactError, match=f"(?s){re.escape(str(path))}.*Delete this file"):
        verify(path, _pin(hashlib.sha256(CONTENT).hexdigest()))


def test_another_set_of_pins_has_another_home(tmp_path):
    first, second = _pin("a" * 64), _pin("b" * 64)
    assert engine_home(tmp_path, (first,)) != engine_home(tmp_path, (second,))
    assert engine_home(tmp_path, (first,)) == engine_home(tmp_path, (first,))
