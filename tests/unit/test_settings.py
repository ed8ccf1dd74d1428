"""Settings: every variable is read, a wrong one is named, a child process gets the same, secrets stay secret."""

import os
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from creators.errors import SetupError
from creators.settings import PREFIX, Settings, SourceSettings, as_environment, load_settings

GIVEN = {
    "data_dir": ("/srv/data", Path("/srv/data")),
    "cache_dir": ("/srv/cache", Path("/srv/cache")),
    "opensearch_url": ("http://search:9200", "http://search:9200"),
    "redis_url": ("redis://:hunter2@queue:6379/0", SecretStr("redis://:hunter2@queue:6379/0")),
    "lake_url": ("s3://bucket/prefix", "s3://bucket/prefix"),
    "lake_allow_http": ("true", True),
    "index_prefix": ("team-a-", "team-a-"),
    "java_home": ("/opt/jdk", Path("/opt/jdk")),
    "opensearch_heap_mb": ("512", 512),
    "start_timeout_s": ("90.5", 90.5),
    "opensearch_timeout_s": ("2", 2.0),
    "bulk_timeout_s": ("30", 30.0),
    "redis_timeout_s": ("1.5", 1.5),
    "lake_timeout_s": ("7", 7.0),
    "job_timeout_s": ("60", 60),
    "batch_rows": ("100", 100),
    "reconcile_s": ("3", 3.0),
    "source_strategy": ("cheapest", "cheapest"),
    "source_timeout_s": ("4", 4.0),
    "source_max_bytes": ("50000", 50_000),
    "contact": ("https://example.org/bot", "https://example.org/bot"),
    "refresh_min_s": ("60", 60.0),
    "refresh_max_s": ("86400", 86_400.0),
    "fetch_batch": ("10", 10),
    "fetch_parallel": ("4", 4),
    "discovery_depth": ("3", 3),
    "discovery_per_root": ("50", 50),
    "discovery_per_day": ("500", 500),
    "discovery_min_followers": ("10", 10),
    "encoder_dir": ("/opt/model", Path("/opt/model")),
    "encoder_precision": ("int8", "int8"),
    "encoder_provider": ("cuda", "cuda"),
    "encoder_threads": ("2", 2),
    "vectors_kept": ("5000", 5000),
    "llm_base_url": ("http://model:8000/v1", "http://model:8000/v1"),
    "llm_model": ("small", "small"),
    "llm_key": ("k-1", SecretStr("k-1")),
    "llm_timeout_s": ("5", 5.0),
    "llm_daily_usd": ("0.5", 0.5),
    "llm_usd_input": ("0.1", 0.1),
    "llm_usd_output": ("0.4", 0.4),
    "creators_shards": ("8", 8),
    "api_host": ("0.0.0.0", "0.0.0.0"),  # noqa: S104 - parsed, not bound
    "api_port": ("9000", 9000),
    "budget_ms": ("250", 250),
    "api_insecure": ("true", True),
    "max_in_flight": ("8", 8),
    "cursor_secret": ("correct horse", SecretStr("correct horse")),
    "cursor_ttl_s": ("60", 60),
    "max_body_bytes": ("5000", 5000),
    "identity_merge": ("0.97", 0.97),
    "identity_review": ("0.7", 0.7),
    "identity_exclude": ("x,tiktok", "x,tiktok"),
    "identity_matching": ("only", "only"),
    "media_fetch": ("others", "others"),
    "media_ocr": ("false", False),
    "media_posts": ("5", 5),
    "export_max_rows": ("1000", 1000),
    "export_part_rows": ("500", 500),
    "export_keep_days": ("2", 2),
    "log_level": ("debug", "debug"),
    "log_format": ("json", "json"),
}


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch, tmp_path):
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def set_all(monkeypatch, values):
    for name, value in values.items():
        monkeypatch.setenv(name, value)


def test_the_table_above_has_every_setting():
    assert {*GIVEN, "sources"} == set(Settings.model_fields), "a new setting: add it to the table"


SOURCE_GIVEN = {
    "enabled": ("false", False),
    "keys": ("one, two,", SecretStr("one, two,")),
    "base_url": ("http://gateway:8080", "http://gateway:8080"),
    "proxy": ("http://proxy:3128", "http://proxy:3128"),
    "acknowledged_by": ("A. Person", "A. Person"),
    "plan": ("pro", "pro"),
    "daily_usd": ("2.5", 2.5),
    "daily_calls": ("1000", 1000),
    "may_derive": ("true", True),
    "may_merge": ("false", False),
}


def test_every_source_has_settings_of_its_own(monkeypatch):
    assert set(SOURCE_GIVEN) == set(SourceSettings.model_fields)
    set_all(
        monkeypatch, {f"{PREFIX}SOURCES__X_API_V2__{name.upper()}": text for name, (text, _) in SOURCE_GIVEN.items()}
    )
    monkeypatch.setenv(f"{PREFIX}SOURCES__GITHUB_REST__PLAN", "free")
    sources = load_settings().sources
    assert sources["x_api_v2"] == SourceSettings(**{name: value for name, (_, value) in SOURCE_GIVEN.items()})
    assert sources["x_api_v2"].credentials == ("one", "two")
    assert sources["github_rest"] == SourceSettings(plan="free")
    assert "one, two" not in repr(sources)


def test_a_child_process_gets_the_same_sources(monkeypatch):
    original = Settings(
        sources={
            "x_api_v2": SourceSettings(keys=SecretStr("one,two"), daily_usd=0),
            "github_rest": SourceSettings(enabled=True),
        }
    )
    set_all(monkeypatch, as_environment(original))
    assert load_settings() == original


def test_an_unknown_field_of_a_source_is_named(monkeypatch):
    monkeypatch.setenv(f"{PREFIX}SOURCES__X_API_V2__KEY", "one")
    with pytest.raises(SetupError, match="SOURCES__X_API_V2__KEY"):
        load_settings()


@pytest.mark.parametrize("name", GIVEN)
def test_a_variable_is_read(name, monkeypatch):
    text, value = GIVEN[name]
    default = getattr(load_settings(), name)
    monkeypatch.setenv(f"{PREFIX}{name.upper()}", text)
    assert getattr(load_settings(), name) == value
    assert value != default


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("index_prefix", "Team_A"),
        ("opensearch_heap_mb", "255"),
        ("start_timeout_s", "0"),
        ("opensearch_timeout_s", "-1"),
        ("bulk_timeout_s", "soon"),
        ("redis_timeout_s", "0"),
        ("lake_timeout_s", "0"),
        ("job_timeout_s", "0"),
        ("batch_rows", "5001"),
        ("batch_rows", "0"),
        ("reconcile_s", "0"),
        ("encoder_precision", "fp16"),
        ("encoder_provider", "tpu"),
        ("encoder_threads", "-1"),
        ("api_port", "65536"),
        ("api_port", "http"),
        ("budget_ms", "19"),
        ("budget_ms", "60001"),
        ("source_strategy", "random"),
        ("source_timeout_s", "0"),
        ("source_max_bytes", "999"),
        ("refresh_min_s", "0"),
        ("refresh_max_s", "0"),
        ("fetch_batch", "0"),
        ("fetch_parallel", "0"),
        ("discovery_depth", "11"),
        ("discovery_per_root", "-1"),
        ("discovery_per_day", "-1"),
        ("discovery_min_followers", "-1"),
        ("creators_shards", "0"),
        ("max_in_flight", "0"),
        ("cursor_ttl_s", "0"),
        ("max_body_bytes", "999"),
        ("log_level", "loud"),
        ("log_format", "xml"),
    ],
)
def test_a_value_that_cannot_be_used_is_named(name, text, monkeypatch):
    monkeypatch.setenv(f"{PREFIX}{name.upper()}", text)
    with pytest.raises(SetupError, match=rf"{PREFIX}{name.upper()}: ") as caught:
        load_settings()
    assert isinstance(caught.value.__cause__, ValidationError)


def test_every_wrong_variable_is_named_at_once(monkeypatch):
    set_all(monkeypatch, {f"{PREFIX}API_PORT": "x", f"{PREFIX}BUDGET_MS": "1"})
    with pytest.raises(SetupError) as caught:
        load_settings()
    assert f"{PREFIX}API_PORT: " in caught.value.detail
    assert f"; {PREFIX}BUDGET_MS: " in caught.value.detail


def test_a_child_process_gets_the_same_settings(monkeypatch):
    original = Settings(**{name: value for name, (_, value) in GIVEN.items()})
    variables = as_environment(original)
    assert variables == {f"{PREFIX}{name.upper()}": text_of(value) for name, (_, value) in GIVEN.items()}
    set_all(monkeypatch, variables)
    child = load_settings()
    assert child == original
    assert child.cursor_secret.get_secret_value() == "correct horse"
    assert child.redis_url.get_secret_value() == "redis://:hunter2@queue:6379/0"


def text_of(value):
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def test_a_child_process_is_told_of_addresses_that_were_found_later(monkeypatch):
    found = Settings(budget_ms=100).model_copy(update={"redis_url": SecretStr("redis://later"), "java_home": None})
    assert as_environment(found) == {f"{PREFIX}BUDGET_MS": "100", f"{PREFIX}REDIS_URL": "redis://later"}
    set_all(monkeypatch, as_environment(found))
    assert load_settings() == found


def test_secrets_are_not_shown(monkeypatch):
    monkeypatch.setenv(f"{PREFIX}API_PORT", "x")
    settings = Settings(redis_url=SecretStr("redis://:hunter2@q"), cursor_secret=SecretStr("correct horse"), api_port=1)
    for shown in (repr(settings), str(settings), settings.model_dump_json()):
        assert "hunter2" not in shown
        assert "correct horse" not in shown


def test_an_empty_variable_is_an_unset_one(monkeypatch):
    # Compose files pass `${NAME:-}`: an empty key would sign cursors that anybody can forge.
    set_all(monkeypatch, {f"{PREFIX}{name.upper()}": "" for name in GIVEN})
    assert load_settings() == Settings()
    assert load_settings().cursor_secret is None


def test_a_dotenv_file_is_read_and_the_environment_wins(monkeypatch, tmp_path):
    (tmp_path / ".env").write_text(f"{PREFIX}BUDGET_MS=100\n{PREFIX}BATCH_ROWS=7\nOTHER=1\n", encoding="utf-8")
    monkeypatch.setenv(f"{PREFIX}BATCH_ROWS", "9")
    assert (load_settings().budget_ms, load_settings().batch_rows) == (100, 9)


def test_settings_do_not_change():
    with pytest.raises(ValidationError, match="frozen"):
        load_settings().budget_ms = 1


def test_the_lake_lies_in_the_data_folder_unless_told_otherwise(tmp_path):
    assert Settings(data_dir=tmp_path).resolved_lake_url == (tmp_path / "lake").as_uri()
    assert Settings(data_dir=Path("here")).resolved_lake_url == (Path.cwd() / "here" / "lake").as_uri()
    assert Settings(data_dir=tmp_path, lake_url="s3://b/p").resolved_lake_url == "s3://b/p"
