"""Text as scraped: cleaning it twice changes nothing, and every store can hold the result."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from creators.text import clean, clean_line, normalise_handle, replace_lone_surrogates, transliterate

SURROGATES = [chr(code) for code in range(0xD800, 0xE000)]
INVISIBLE = "\u00ad\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202e\u2060\u2066\u2069\ufeff\ufff9"
# What scraped text is really hard about, far more often than random text has it.
NASTY = st.sampled_from(
    [*SURROGATES[::97], *INVISIBLE, *"\x00\x07\x0b\x7f\x85\u2028\u3000\t\n\r @\uff20", "\u0301", "\u0345"]
)
LETTERS = st.sampled_from("aAéßİǰŉﬁ①½ᾳΣςあ가각ﷺ¨ﬀ" + "\U0001d400\U0001f468")
TEXTS = st.text(alphabet=NASTY | LETTERS | st.characters(exclude_categories=()), max_size=30)


def test_all_lone_surrogates_become_the_replacement_character():
    assert len(SURROGATES) == 2048
    assert {replace_lone_surrogates(f"a{one}b") for one in SURROGATES} == {"a\ufffdb"}
    assert {clean(f"a{one}b") for one in SURROGATES} == {"a\ufffdb"}


def test_a_pair_of_surrogates_is_one_character():
    assert replace_lone_surrogates("\ud83d\ude00 \ud83d") == "\U0001f600 \ufffd"


def test_text_without_surrogates_is_returned_as_it_is():
    assert replace_lone_surrogates("Ольга \U0001f600\x00") == "Ольга \U0001f600\x00"


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("  a \t b  ", "a b"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("a \n \n\n  b", "a\nb"),
        ("nul\x00byte", "nul byte"),
        ("next\x85line", "next line"),
        ("\u202eevil\u202c", "evil"),
        ("zero\u200bwidth", "zerowidth"),
        ("\ufeffbom", "bom"),
        ("ﬁne \uff26\uff55\uff4c\uff4c ①", "fine Full 1"),
        ("e\u0301", "é"),
        # The accent meets its letter only after the invisible character between them is gone.
        ("e\u200b\u0301", "é"),
        ("", ""),
        ("\x00\u200b ", ""),
    ],
)
def test_clean(raw, cleaned):
    assert clean(raw) == cleaned


@pytest.mark.parametrize("invisible", INVISIBLE, ids=lambda one: f"U+{ord(one):04X}")
def test_nothing_invisible_is_left(invisible):
    assert clean(f"pay{invisible}pal") == "paypal"


@given(TEXTS)
@example("\u1100\u200b\u1161")
@example("a\u0301\ufffd\u200b\u0327")
def test_cleaning_twice_is_cleaning_once(text):
    once = clean(text)
    assert clean(once) == once
    assert unicodedata.is_normalized("NFKC", once)
    assert once == once.strip()


@given(TEXTS)
def test_what_is_clean_can_be_stored(text):
    once = clean(text)
    once.encode("utf-8")
    assert [c for c in once if c != "\n" and unicodedata.category(c) == "Cc"] == []
    assert "\n" not in clean_line(text)
    assert clean_line(text).split() == once.split()


@pytest.mark.parametrize(
    ("spelling", "handle"),
    [
        ("@Rosa.Cocina", "rosa.cocina"),
        (" @@ROSA ", "rosa"),
        ("\uff20\uff52\uff4f\uff53\uff41", "rosa"),
        ("ro sa", "rosa"),
        ("Straße", "strasse"),
        ("@\u200b", ""),
        # A spacing accent becomes blank and accent; the blank goes, and letter and accent are one.
        ("a\u00a8", "ä"),
    ],
)
def test_normalise_handle(spelling, handle):
    assert normalise_handle(spelling) == handle


@given(TEXTS)
@example("a\u00a8b")
@example("@\u0384@")
@example("\uaac1\u0365\x01")
def test_a_normal_handle_is_its_own_normal_form(text):
    handle = normalise_handle(text)
    assert normalise_handle(handle) == handle
    assert not handle.startswith("@")
    assert handle.split() in ([], [handle])


@pytest.mark.parametrize(
    ("name", "ascii_name"),
    [
        ("Ольга", "olga"),
        ("  Ñandú  Ø ", "nandu o"),
        ("北京", "beijing"),
        ("سعيد", "syd"),
        ("O'Brien", "o'brien"),
        ("O\u2019Brien", "o'brien"),
    ],
)
def test_transliterate(name, ascii_name):
    assert transliterate(name) == ascii_name


@given(TEXTS)
def test_a_transliteration_is_lower_case_ascii_on_one_line(text):
    plain = transliterate(text)
    assert plain.isascii()
    assert plain == plain.lower()
    assert plain == " ".join(plain.split())
