"""The settings of an installation: option, then environment, then `isthmus.toml`, then default."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from platformdirs import user_data_path
from pydantic import AliasChoices, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from isthmus.errors import InputError

DEFAULT_ENCODER = "intfloat/multilingual-e5-small"


def _expand(value: object) -> object:
    return Path(value).expanduser().absolute() if isinstance(value, str | Path) else value


class Settings(BaseSettings):
    """Every setting of isthmus; the environment spells them `ISTHMUS_<NAME>`."""

    model_config = SettingsConfigDict(
        env_prefix="ISTHMUS_",
        toml_file="isthmus.toml",
        extra="forbid",
        frozen=True,
        populate_by_name=True,
    )

    home: Annotated[Path, BeforeValidator(_expand)] = Field(
        default_factory=lambda: user_data_path("isthmus", appauthor=False),
        description="Folder of all that isthmus writes.",
    )
    neo4j_uri: str | None = Field(
        default=None,
        validation_alias=AliasChoices("NEO4J_URI", "ISTHMUS_NEO4J_URI"),
        description="Bolt address of an existing server; without it isthmus runs its own.",
    )
    neo4j_username: str = Field(
        default="neo4j", validation_alias=AliasChoices("NEO4J_USERNAME", "ISTHMUS_NEO4J_USERNAME")
    )
    neo4j_password: SecretStr = Field(
        default=SecretStr(""),
        validation_alias=AliasChoices("NEO4J_PASSWORD", "ISTHMUS_NEO4J_PASSWORD"),
    )
    neo4j_database: str = Field(
        default="neo4j", validation_alias=AliasChoices("NEO4J_DATABASE", "ISTHMUS_NEO4J_DATABASE")
    )
    server_heap: str = Field(
        default="1g", pattern=r"^\d+[mg]$", description="Heap of the server of our own."
    )
    server_page_cache: str | None = Field(
        default=None,
        pattern=r"^\d+[mg]$",
        description="Page cache of the server of our own; without it what holds the graph, 512m at "
        "least and a quarter of the memory at most.",
    )
    encoder: str = Field(
        default=DEFAULT_ENCODER,
        description="A model name or folder for sentence-transformers; NAME@int8 by ONNX int8.",
    )
    keep_text: bool = Field(
        default=False, description="Keep the words that people wrote, not only their embeddings."
    )
    max_rejected_share: float = Field(
        default=0.05, ge=0, le=1, description="More wrong rows than this stop an ingest."
    )
    edges_per_node: int = Field(
        default=50, ge=1, le=1000, description="Learned edges that leave a node, at most."
    )
    history_limit: int = Field(
        default=200,
        ge=1,
        le=10_000,
        description="Interactions a query reads of one user, newest first.",
    )
    half_life_days: float = Field(
        default=365,
        gt=0,
        description="Age at which a dated interaction counts half, unless validation users are "
        "better served by another.",
    )
    event_days: float = Field(
        default=30,
        gt=0,
        description="Days for which an event id is remembered, so that it counts once.",
    )
    dense_items: int = Field(
        default=20_000,
        ge=1,
        description="Items on a side of a domain's border above which only candidates are scored.",
    )
    tolerated_loss: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="Share of its NDCG@10 that a retraining may lose by chance; a significant loss "
        "is refused in any case, and without this setting no other is.",
    )
    choose_again: float = Field(
        default=0.1,
        ge=0,
        description="Share of interactions by which the graph grows or shrinks until a retraining "
        "asks its validation users anew; 0 asks them each time.",
    )
    lock_seconds: float = Field(
        default=60,
        ge=1,
        description="Time after which a killed retraining's lock is free; a living one renews it.",
    )
    metrics_file: Annotated[Path | None, BeforeValidator(_expand)] = Field(
        default=None,
        description="File in which commands write, for Prometheus, how they ended.",
    )
    log_format: Literal["text", "json"] = Field(
        default="text", description="Lines for people on standard error, or a JSON object a line."
    )
    healthcheck: SecretStr | None = Field(
        default=None,
        description="File that is touched, or address that is asked, after a good scheduled run.",
    )
    seed: int = 7
    threads: int | None = Field(
        default=None, ge=1, description="Threads for training and encoding; all cores without it."
    )

    def secrets(self) -> list[str]:
        """The values that no log may show."""
        kept = (value for _, value in self if isinstance(value, SecretStr))
        return [secret for value in kept if (secret := value.get_secret_value())]

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Orders the sources: options, environment, `isthmus.toml`."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def load_settings(**options: object) -> Settings:
    """Reads the settings; options that are None count as not given.

    Raises:
        InputError: A setting has a value that it cannot have, or a name that does not exist.
    """
    given = {name: value for name, value in options.items() if value is not None}
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise InputError(
            f"The setting {name} cannot be {first['input']!r}: {first['msg'].lower()}.",
            "Correct it in the option, in the environment or in isthmus.toml.",
        ) from error
    except ValueError as error:
        raise InputError(
            f"isthmus.toml cannot be read: {error}.", "Correct it, or move it away."
        ) from error
