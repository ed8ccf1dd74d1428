"""Targets: one name for the same work everywhere, and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creators.errors import BadInput
from creators.ids import MAX_ID_BYTES
from creators.models import Platform
from creators.targets import Target, TaskKind, page_target, parse_target, profile_target

VALUES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)


@given(st.sampled_from(TaskKind), st.sampled_from(Platform), VALUES)
def test_a_name_leads_back_to_its_target(kind, platform, value):
    target = Target(kind, platform, value)
    assert parse_target(target.target_id) == target


@pytest.mark.parametrize(
    "name", ["", "profile", "profile:x", "profile:x:", "profil:x:1", "profile:myspace:1", f"profile:x:{'é' * 252}"]
)
def test_what_names_no_target_is_refused(name):
    with pytest.raises(BadInput, match="target") as caught:
        parse_target(name)
    assert caught.value.field == "target"


def test_the_longest_name_is_as_long_as_a_document_id_may_be():
    room = MAX_ID_BYTES - len("profile:x:")
    assert len(parse_target(f"profile:x:{'a' * room}").target_id) == MAX_ID_BYTES


def test_an_account_is_named_by_its_native_id_or_else_by_its_handle():
    assert profile_target(Platform.X, native_id="12", handle="Some.One").target_id == "profile:x:12"
    by_handle = profile_target(Platform.X, handle=" @Some_One ")
    assert (by_handle.target_id, by_handle.handle) == ("profile:x:@some_one", "some_one")
    assert profile_target(Platform.X, native_id="12").handle is None
    with pytest.raises(BadInput, match="native id or its handle"):
        profile_target(Platform.X, handle=" @ ")


def test_a_page_knows_whose_it_is():
    target = page_target("youtube:@a name", "https://example.org/a?b=c:d")
    assert target.page == ("youtube:@a name", "https://example.org/a?b=c:d")
    assert parse_target(target.target_id) == target
    with pytest.raises(BadInput, match="is no page"):
        _ = profile_target(Platform.X, native_id="12").page
