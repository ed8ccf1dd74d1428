"""The only reader of the environment: every setting, typed, with its meaning beside it.

``docs/settings.md`` lists the same fields; a contract test keeps the two equal.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from creators.errors import SetupError

PREFIX = "CREATORSCOPE_"
Seconds = Annotated[float, Field(gt=0)]


class SourceSettings(BaseModel):
    """What an operator says about one source; ``CREATORSCOPE_SOURCES__<NAME>__<FIELD>`` each."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool | None = Field(
        default=None, description="Whether it may be called; unset: when it has what it needs and is not the browser."
    )
    keys: SecretStr | None = Field(
        default=None, description="Credentials, separated by commas; several share the work and their limits add up."
    )
    base_url: str | None = Field(
        default=None, repr=False, description="Address instead of the documented one, such as a gateway."
    )
    proxy: str | None = Field(default=None, repr=False, description="Proxy for its calls, `http://host:port`.")
    acknowledged_by: str | None = Field(
        default=None, description="Who has accepted its terms; sources that need it stay off without."
    )
    plan: str | None = Field(default=None, description="Name of the plan at the source, where limits depend on it.")
    daily_usd: float | None = Field(default=None, ge=0, description="Most that may be spent on it in a day, in USD.")
    daily_calls: int | None = Field(default=None, ge=0, description="Most calls in a day.")
    may_derive: bool | None = Field(
        default=None, description="Whether an agreement lets scores be computed from its data; unset: its policy says."
    )
    may_merge: bool | None = Field(
        default=None, description="Whether an agreement lets its accounts be matched; unset: its policy says."
    )

    @property
    def credentials(self) -> tuple[str, ...]:
        """The credentials one by one."""
        text = self.keys.get_secret_value() if self.keys else ""
        return tuple(filter(None, (part.strip() for part in text.split(","))))


class Settings(BaseSettings):
    """Settings of one process, read once from ``CREATORSCOPE_*`` variables and an optional ``.env`` file."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
    )

    # Where things are
    data_dir: Path = Field(
        default_factory=lambda: platformdirs.user_data_path("creatorscope"),
        description="Folder of everything that must survive: the lake, the data of the embedded engines.",
    )
    cache_dir: Path = Field(
        default_factory=lambda: platformdirs.user_cache_path("creatorscope"),
        description="Folder of everything that can be made again: downloaded engines, the exported encoder.",
    )
    opensearch_url: str | None = Field(
        default=None,
        repr=False,  # it may hold a password
        description="Address of an OpenSearch 3.6 cluster; unset starts the embedded one.",
    )
    redis_url: SecretStr | None = Field(
        default=None, description="Address of a Redis 6.2 or newer, with its password; unset starts the embedded one."
    )
    lake_url: str | None = Field(
        default=None,
        description="Address of the object store (`s3://bucket/prefix`, `file:///path`); unset: `lake/` in data_dir.",
    )
    lake_allow_http: bool = Field(
        default=False, description="Whether an `s3://` lake may be reached without TLS (a store on your own network)."
    )
    index_prefix: str = Field(
        default="",
        pattern=r"^[a-z0-9-]*$",
        description="Put before every index name, queue name and Redis key, so that installations can share engines.",
    )

    # Embedded engines
    java_home: Path | None = Field(default=None, description="Java 21 or newer for the embedded OpenSearch.")
    opensearch_heap_mb: int | None = Field(
        default=None, ge=256, description="Heap of the embedded OpenSearch in MB; unset is 1/8 of memory, 1 to 4 GB."
    )
    start_timeout_s: Seconds = Field(default=180, description="How long an engine may take to start, in seconds.")

    # Time limits
    opensearch_timeout_s: Seconds = Field(default=10, description="Limit of one search or read, in seconds.")
    bulk_timeout_s: Seconds = Field(default=60, description="Limit of one bulk request, in seconds.")
    redis_timeout_s: Seconds = Field(default=5, description="Limit of one Redis command, in seconds.")
    lake_timeout_s: Seconds = Field(default=30, description="Limit of one object store request, in seconds.")
    job_timeout_s: int = Field(default=300, gt=0, description="Limit of one queued job, in seconds.")

    # Work
    batch_rows: int = Field(default=250, ge=1, le=5000, description="Source records in one lake object and one job.")
    reconcile_s: Seconds = Field(
        default=20, description="How often a worker looks for work that fell out of the queue, in seconds."
    )

    # Sources
    sources: dict[str, SourceSettings] = Field(
        default={},
        description="What is known about each source, as `…SOURCES__<NAME>__<FIELD>`; see `docs/sources.md`.",
    )
    source_strategy: Literal["balanced", "cheapest", "fastest", "official_only"] = Field(
        default="balanced", description="How the router chooses among the sources that can serve a target."
    )
    source_timeout_s: Seconds = Field(default=10, description="Limit of one answer of a source, in seconds.")
    source_max_bytes: int = Field(
        default=10_000_000, ge=1_000, description="Largest answer of a source that is read, unpacked, in bytes."
    )
    contact: str | None = Field(
        default=None, description="Address or page of the operator, named in the User-Agent of web requests."
    )

    # Schedule and discovery
    refresh_min_s: Seconds = Field(default=3_600, description="Shortest time between two fetches of an account.")
    refresh_max_s: Seconds = Field(default=604_800, description="Longest time between two fetches of an account.")
    fetch_batch: int = Field(default=50, ge=1, le=500, description="Targets in one fetch job.")
    fetch_parallel: int = Field(default=16, ge=1, le=200, description="Targets that one fetch job asks for at once.")
    discovery_depth: int = Field(
        default=0,
        ge=0,
        le=10,
        description="How many steps from an account that was asked for discovery goes; 0 is off.",
    )
    discovery_per_root: int = Field(
        default=1_000, ge=0, description="Most accounts that are discovered from one that was asked for."
    )
    discovery_per_day: int = Field(default=10_000, ge=0, description="Most accounts that are discovered in a day.")
    discovery_min_followers: int = Field(
        default=1_000, ge=0, description="Accounts with fewer followers are not discovered from."
    )

    # Identity
    identity_merge: float = Field(
        default=0.95, ge=0.5, le=1, description="Probability from which two accounts become one creator."
    )
    identity_review: float = Field(
        default=0.6, ge=0, le=1, description="Probability from which a person is asked about a pair of accounts."
    )
    identity_exclude: str = Field(
        default="",
        pattern=r"^((instagram|tiktok|youtube|x|github)(,|$))*$",
        description="Platforms, separated by commas, whose accounts are joined by declared links and judgements only.",
    )
    identity_matching: Literal["on", "off", "only"] = Field(
        default="on", description="Whether a worker also looks for probable matches, never, or does nothing else."
    )

    # Pictures
    media_fetch: Literal["off", "on", "others", "only"] = Field(
        default="off",
        description="Whether pictures that profiles and posts name are fetched and looked at: never, by this worker "
        "too, by other workers alone, or by this one, which then does nothing else.",
    )
    media_ocr: bool = Field(default=True, description="Whether what is written on fetched pictures is read.")
    media_posts: int = Field(default=3, ge=0, le=50, description="Pictures of newest posts that are fetched at once.")

    # Encoder
    encoder_dir: Path | None = Field(
        default=None,
        description="Folder with model.onnx and tokenizer.json of another encoder; unset is all-MiniLM-L6-v2.",
    )
    encoder_precision: Literal["fp32", "int8"] = Field(
        default="fp32", description="Numbers of all-MiniLM-L6-v2: int8 is twice as fast; rebuild after a change."
    )
    encoder_provider: Literal["cpu", "cuda"] = Field(default="cpu", description="ONNX Runtime execution provider.")
    encoder_threads: int = Field(default=0, ge=0, description="Threads of one encoder; 0 is one per core.")
    vectors_kept: int = Field(
        default=2_000_000,
        ge=1_000,
        description="Vectors of texts that are kept so that nothing is encoded twice, about 2.5 kB of disk each.",
    )

    # Language model
    llm_base_url: str | None = Field(
        default=None,
        repr=False,  # it may hold a password
        description="Address of an OpenAI-compatible endpoint that is asked beside our own models; unset asks none.",
    )
    llm_model: str | None = Field(default=None, description="Name of its model; unset asks none.")
    llm_key: SecretStr | None = Field(default=None, description="Key of the endpoint, where it wants one.")
    llm_timeout_s: Seconds = Field(default=20, description="Limit of one of its answers, in seconds.")
    llm_daily_usd: float = Field(default=1.0, ge=0, description="Most that may be spent on it in a day, in USD.")
    llm_usd_input: float = Field(default=0.0, ge=0, description="Its price of a million tokens read, in USD.")
    llm_usd_output: float = Field(default=0.0, ge=0, description="Its price of a million tokens written, in USD.")

    creators_shards: int = Field(
        default=1,
        ge=1,
        le=1024,
        description="Shards of the index of creators, from the next `creatorscope rebuild` on; "
        "`creatorscope capacity` says how many a size needs.",
    )

    # Serving
    api_host: str = Field(default="127.0.0.1", description="Address that the API binds.")
    api_port: int = Field(default=8000, ge=0, le=65535, description="Port that the API binds.")
    budget_ms: int = Field(
        default=500, ge=20, le=60_000, description="Default latency budget of a search, in milliseconds."
    )
    api_insecure: bool = Field(
        default=False,
        description="Whether `/v1/admin/*` and `/v1/ingest` answer other machines too; nothing guards them yet.",
    )
    max_in_flight: int = Field(default=64, ge=1, description="Searches served at once; more are answered 429.")
    cursor_secret: SecretStr | None = Field(
        default=None, description="Key that signs page cursors; unset is made once and kept in the data folder."
    )
    cursor_ttl_s: int = Field(default=300, ge=1, description="How long a page cursor is good for, in seconds.")
    max_body_bytes: int = Field(
        default=1_000_000, ge=1_000, description="Largest request body that the API accepts, in bytes."
    )

    # Exports
    export_max_rows: int = Field(
        default=250_000, ge=1, description="Most creators in one export; writing their file is one job."
    )
    export_part_rows: int = Field(
        default=20_000, ge=1, le=50_000, description="Creators in one part of an export: what is lost with a worker."
    )
    export_keep_days: int = Field(
        default=7, ge=1, description="Days after which an export is deleted, counted from its request."
    )

    # Logs
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="Least level logged.")
    log_format: Literal["console", "json"] = Field(default="console", description="How log lines are written.")

    @cached_property
    def resolved_lake_url(self) -> str:
        """The lake's address, with the default filled in."""
        return self.lake_url or (self.data_dir.absolute() / "lake").as_uri()


def as_environment(settings: Settings) -> dict[str, str]:
    """Return the variables that give a child process the same settings."""
    values = settings.model_dump(exclude_unset=True)
    own = {
        f"{PREFIX}{name.upper()}": _as_text(value)
        for name, value in values.items()
        if value is not None and name != "sources"
    }
    for source, fields in values.get("sources", {}).items():
        own |= {
            f"{PREFIX}SOURCES__{source.upper()}__{name.upper()}": _as_text(value)
            for name, value in fields.items()
            if value is not None
        }
    return own


def _as_text(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def load_settings() -> Settings:
    """Read the environment.

    Raises:
        SetupError: a variable has a value that cannot be used; the message names it.
    """
    try:
        return Settings()
    except ValidationError as error:
        wrong = "; ".join(f"{PREFIX}{'__'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors())
        detail = f"the environment is not usable: {wrong}"
        raise SetupError(detail) from error
    except SettingsError as error:
        detail = f"the environment is not usable: {error}"
        raise SetupError(detail) from error
