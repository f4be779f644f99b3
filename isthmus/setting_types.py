"""Types of settings: paths, addresses, and texts without credentials."""

from __future__ import annotations

from ipaddress import AddressValueError, IPv4Address
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from isthmus.output import hide_credentials


def _absolute_path(value: object) -> object:
    return Path(value).expanduser().absolute() if isinstance(value, str | Path) else value


def _none_if_blank(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


def _no_credentials(value: object) -> object:
    """Refuses an address with a user name, since addresses are shown in messages and files."""
    if isinstance(value, str) and hide_credentials(value) != value:
        raise PydanticCustomError(
            "credentials",
            "a user name, a password or a token is in it, which belong into settings of their own, "
            "such as neo4j_username and neo4j_password",
        )
    return value


def _ipv4_address(value: object) -> object:
    try:
        return str(IPv4Address("127.0.0.1" if value == "localhost" else str(value)))
    except AddressValueError:
        raise PydanticCustomError("address", "it is no IPv4 address") from None


AbsolutePath = Annotated[Path, BeforeValidator(_absolute_path)]
OptionalPath = Annotated[Path | None, BeforeValidator(_absolute_path)]
Address = Annotated[str, BeforeValidator(_no_credentials)]
OptionalAddress = Annotated[
    str | None, BeforeValidator(_none_if_blank), BeforeValidator(_no_credentials)
]
HostAddress = Annotated[str, BeforeValidator(_ipv4_address)]
