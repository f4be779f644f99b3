"""Settings, from command-line options, the environment, `isthmus.toml` and defaults, in order.

`isthmus.toml` lies in the home, or is a file that was named. One in the working folder is not read:
whoever can write to a folder could otherwise have the password sent to an address of his.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from platformdirs import user_data_path
from pydantic import AliasChoices, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from isthmus.setting_types import (
    AbsolutePath,
    Address,
    HostAddress,
    OptionalAddress,
    OptionalPath,
)
from isthmus.settings_file import SETTINGS_FILE, explain_invalid, read_settings_file

DEFAULT_ENCODER = "intfloat/multilingual-e5-small"


def _default_home() -> Path:
    return user_data_path("isthmus", appauthor=False)


class Settings(BaseSettings):
    """All settings of isthmus.

    The environment variable of a setting is `ISTHMUS_<NAME>`, and for the settings of Neo4j also
    `NEO4J_<NAME>`; an empty one counts as not set. The description of each field is its
    documentation.
    """

    model_config = SettingsConfigDict(
        env_prefix="ISTHMUS_",
        env_ignore_empty=True,
        allow_inf_nan=False,
        extra="forbid",
        frozen=True,
        populate_by_name=True,
    )

    home: AbsolutePath = Field(
        default_factory=_default_home,
        description="Folder for all files that isthmus writes: server, encoders, caches, logs.",
    )
    config: OptionalPath = Field(
        default=None,
        description="File of settings that is read instead of isthmus.toml in the home.",
    )
    neo4j_uri: OptionalAddress = Field(
        default=None,
        validation_alias=AliasChoices("NEO4J_URI", "ISTHMUS_NEO4J_URI"),
        description="Address of an existing Neo4j server, bolt://HOST:PORT or neo4j://HOST:PORT; "
        "if not set, isthmus runs its own server.",
    )
    neo4j_username: str = Field(
        default="neo4j",
        validation_alias=AliasChoices("NEO4J_USERNAME", "ISTHMUS_NEO4J_USERNAME"),
        description="User name on the server of neo4j_uri.",
    )
    neo4j_password: SecretStr = Field(
        default=SecretStr(""),
        validation_alias=AliasChoices("NEO4J_PASSWORD", "ISTHMUS_NEO4J_PASSWORD"),
        description="Password of neo4j_username; log lines show *** in its place.",
    )
    neo4j_database: str = Field(
        default="neo4j",
        validation_alias=AliasChoices("NEO4J_DATABASE", "ISTHMUS_NEO4J_DATABASE"),
        description="Name of the database on the server of neo4j_uri; isthmus's own server has "
        "neo4j only.",
    )
    server_heap: str = Field(
        default="1g",
        pattern=r"^\d+[mg]$",
        description="Java heap of isthmus's own server, in megabytes (512m) or gigabytes (2g).",
    )
    server_page_cache: str | None = Field(
        default=None,
        pattern=r"^\d+[mg]$",
        description="Page cache of isthmus's own server, in megabytes (512m) or gigabytes (2g); if "
        "not set, 125 % of the graph's files, at least 512m and at most a quarter of the memory.",
    )
    server_query_seconds: int = Field(
        default=60,
        ge=1,
        description="Maximum time in seconds of one statement on isthmus's own server, at least 1; "
        "statements that write in batches have hours.",
    )
    server_web: Literal["off", "api", "browser"] = Field(
        default="off",
        description="What isthmus's own server offers over HTTP, or over HTTPS with a certificate: "
        "nothing, Neo4j's HTTP API, or also Neo4j Browser, which is downloaded at the next start "
        "(15 MB). A change of this and the next four settings holds from the next start.",
    )
    server_listen: HostAddress = Field(
        default="127.0.0.1",
        description="IPv4 address on which isthmus's own server listens, 0.0.0.0 for all of the "
        "machine; beyond 127.0.0.1 it needs a certificate.",
    )
    server_port: int | None = Field(
        default=None,
        ge=1,
        le=65_534,
        description="Port of Bolt of isthmus's own server, 1 to 65534; HTTP or HTTPS has the next "
        "one. If not set, free ports, which are kept while they are.",
    )
    server_certificate: OptionalPath = Field(
        default=None,
        description="File with the certificate of isthmus's own server and those of its issuers, "
        "in PEM format; with it, Bolt and HTTP are encrypted. HTTPS answers to its names only.",
    )
    server_key: OptionalPath = Field(
        default=None,
        description="File with the private key of server_certificate, in PEM format.",
    )
    encoder: str = Field(
        default=DEFAULT_ENCODER,
        description="Text encoder: a model name or folder for sentence-transformers, NAME@int8 to "
        "run the model as an ONNX graph of 8-bit integers, or openai:MODEL for a model at the "
        "endpoint openai_base_url.",
    )
    query_prefix: str | None = Field(
        default=None,
        description="Text that the encoder reads before each text of a user; if not set, what the "
        "model declares, or what the card of its family states.",
    )
    passage_prefix: str | None = Field(
        default=None,
        description="Text that the encoder reads before each text of an item; if not set, what "
        "the model declares, or what the card of its family states.",
    )
    openai_base_url: Address = Field(
        default="https://api.openai.com/v1",
        validation_alias=AliasChoices("OPENAI_BASE_URL", "ISTHMUS_OPENAI_BASE_URL"),
        description="Address of the endpoint for models named openai:MODEL, without /embeddings.",
    )
    openai_api_key: SecretStr = Field(
        default=SecretStr(""),
        validation_alias=AliasChoices("OPENAI_API_KEY", "ISTHMUS_OPENAI_API_KEY"),
        description="Key for openai_base_url; log lines show *** in its place.",
    )
    endpoint_receives: Literal["nothing", "titles", "titles and texts"] = Field(
        default="nothing",
        description="What may be sent to openai_base_url: nothing; titles, which are the titles, "
        "descriptions and categories of items; or also the texts that users wrote.",
    )
    endpoint_batch: int = Field(
        default=32,
        ge=1,
        le=2048,
        description="Maximum number of texts in a request for embeddings, 1 to 2048; hosts have "
        "limits of their own, from 10 to 2048.",
    )
    endpoint_characters: int = Field(
        default=6000,
        ge=16,
        description="Number of characters to which a text is cut before an endpoint receives it, "
        "at least 16; for a model that reads 512 tokens, about 1500.",
    )
    endpoint_price: float | None = Field(
        default=None,
        ge=0,
        description="Price of a million tokens at the endpoint of the encoder, in USD, at least "
        "0; if set, `isthmus encode` also reports the cost.",
    )
    interests_by: str | None = Field(
        default=None,
        description="Chat model, openai:MODEL at openai_base_url, by which `isthmus encode` and "
        "`isthmus interests` find the interests of users' texts where it is better than the "
        "encoder on held-out texts. `recommend --text`, `judge` and `feedback --text` use the "
        "encoder. If not set, the encoder alone finds them.",
    )
    keep_text: bool = Field(
        default=False,
        description="Store the words of users' texts in the graph, and not only their embeddings.",
    )
    max_rejected_share: float = Field(
        default=0.05,
        ge=0,
        le=1,
        description="Maximum share of rejected rows in the tables, 0 to 1; with more, `isthmus "
        "ingest` writes nothing.",
    )
    edges_per_node: int = Field(
        default=50,
        ge=1,
        le=1000,
        description="Maximum number of learned edges of one kind that leave an item or an "
        "interest, 1 to 1000.",
    )
    history_limit: int = Field(
        default=200,
        ge=1,
        le=10_000,
        description="Maximum number of a user's interactions that a query reads, newest first, 1 "
        "to 10000.",
    )
    half_life_days: float = Field(
        default=365,
        gt=0,
        description="Age in days at which a dated interaction counts half, above 0; a retraining "
        "uses another half-life where that is better for its validation users.",
    )
    language: Literal["en", "zh"] = Field(
        default="en",
        description="Language of explanations for users who wrote no texts, en or zh.",
    )
    min_supporters: int = Field(
        default=5,
        ge=1,
        description="Smallest number of people that an explanation states, at least 1.",
    )
    event_days: float = Field(
        default=30,
        gt=0,
        description="Time in days for which an event_id is stored, so that an event sent again "
        "counts once; above 0.",
    )
    dense_items: int = Field(
        default=20_000,
        ge=1,
        description="Number of items above which work is limited: with more in the target domain "
        "the softmax of the network is sampled. At least 1.",
    )
    tolerated_loss: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="Maximum relative loss of NDCG@10 against the champion at which a challenger "
        "is promoted, 0 to 1. A statistically significant loss is refused in any case; if this is "
        "not set, no other loss is refused.",
    )
    max_refusals: int = Field(
        default=3,
        ge=1,
        description="Generations that the promotion gate refuses in a row, at least 1, from which "
        "`schedule` no longer signals its healthcheck and `doctor` warns.",
    )
    max_generation_days: float | None = Field(
        default=None,
        gt=0,
        description="Age of the active generation in days, above 0, from which a refusal does not "
        "signal the healthcheck of `schedule` and `doctor` warns; if not set, any age is fine.",
    )
    choose_again: float = Field(
        default=0.1,
        ge=0,
        description="Relative change of the number of interactions, at least 0, at which a "
        "retraining tunes its parameters on the validation users again; 0 tunes every time.",
    )
    lock_seconds: float = Field(
        default=60,
        ge=1,
        description="Time in seconds after which the lock of a killed retraining is free, at least "
        "1; a running retraining renews its lock.",
    )
    wait_seconds: float = Field(
        default=300,
        ge=0,
        description="Maximum time in seconds for which a command waits for another one that starts "
        "or stops the server of the home, as a backup does; at least 0.",
    )
    metrics_file: OptionalPath = Field(
        default=None,
        description="File to which every command writes metrics of its latest run, in the text "
        "format of Prometheus; if not set, no metrics are written.",
    )
    log_format: Literal["text", "json"] = Field(
        default="text",
        description="Format of the log on standard error: text, or json for one JSON object per "
        "line.",
    )
    retrain_logs: int = Field(
        default=20,
        ge=1,
        description="Number of logs of retrainings that are kept in the folder logs of the home, "
        "the latest ones; at least 1.",
    )
    healthcheck: SecretStr | None = Field(
        default=None,
        description="File to touch, or URL to request, after a successful run of `isthmus "
        "schedule`.",
    )
    seed: int = Field(
        default=7,
        description="Random seed, an integer; the same seed, graph and number of threads give the "
        "same edges.",
    )
    threads: int | None = Field(
        default=None,
        ge=1,
        description="Maximum number of threads for training and encoding, at least 1; if not set, "
        "all cores.",
    )

    def file(self) -> Path:
        """Returns the file that settings are read from, which need not exist."""
        return self.config or self.home / SETTINGS_FILE

    def secrets(self) -> list[str]:
        """Returns the values that must not appear in a log."""
        fields = (value for _, value in self if isinstance(value, SecretStr))
        return [secret for field in fields if (secret := field.get_secret_value())]

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Returns the sources in order of precedence: options, environment, file.

        Raises:
            InputError: The file may not be trusted or is not TOML.
        """
        given = {**env_settings(), **init_settings()}
        named = Path(str(given["config"])).expanduser() if given.get("config") else None
        home = Path(str(given["home"])).expanduser() if given.get("home") else _default_home()
        entries = read_settings_file(named or home / SETTINGS_FILE, must_exist=named is not None)
        return init_settings, env_settings, InitSettingsSource(settings_cls, entries)


def load_settings(**options: object) -> Settings:
    """Loads the settings; options that are None count as not set.

    Raises:
        InputError: A setting has an invalid value or is unknown, or the file of settings may not be
            trusted or is not TOML.
    """
    given = {name: value for name, value in options.items() if value is not None}
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        raise explain_invalid(error, Settings.model_fields) from None
