"""What a service is told by its environment (KITH_…), all of it checked before anything starts."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, StringConstraints, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.addresses import BUS, DATABASE, is_address

PREFIX = "KITH_"

EXIT_CONFIG = 78
"""The exit code of a service whose settings are wrong (EX_CONFIG)."""

MIB = 1024**2


def _is_file(path: Path) -> Path:
    try:
        found = path.is_file()
    except OSError:  # a name that is too long, a folder that is closed
        found = False
    if not found:
        raise ValueError("path does not point to a file")
    return path


def _of_a_database(url: SecretStr) -> SecretStr:
    if not is_address(url.get_secret_value(), DATABASE):
        raise ValueError("no address of a database")
    return url


def _of_buses(urls: SecretStr) -> SecretStr:
    if not is_address(urls.get_secret_value(), BUS):
        raise ValueError("no address of a bus")
    return urls


File = Annotated[Path, AfterValidator(_is_file)]


class Settings(BaseSettings):
    """The environment of one service. A secret stands in a file; the variable names the file."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    database_url: Annotated[SecretStr, AfterValidator(_of_a_database)] = Field(
        description="the service's own database, with its own role",
        examples=["postgresql://registry@db.example:5432/kith_registry"],
    )
    database_password_file: File | None = Field(
        default=None,
        description="a file with that role's password, where the URL has none",
        examples=["/run/secrets/registry_password"],
    )
    database_pool_max: int = Field(
        default=10, ge=4, le=100, description="connections at most, 4 for the shell's own", examples=["10"]
    )

    nats_url: Annotated[SecretStr, AfterValidator(_of_buses)] = Field(
        description="the bus; several servers are separated by commas", examples=["nats://nats.example:4222"]
    )
    nats_user: str | None = Field(
        default=None, description="the service's own user on the bus", examples=["registry"]
    )
    nats_password_file: File | None = Field(
        default=None, description="a file with that user's password", examples=["/run/secrets/nats_password"]
    )
    stream_bytes_max: int = Field(
        default=4 * 1024 * MIB,
        ge=MIB,
        description="what the service's stream may hold when it is made",
        examples=["4294967296"],
    )
    stream_replicas: int = Field(
        default=1, ge=1, le=5, description="copies of the stream in the cluster", examples=["3"]
    )

    http_host: str = Field(default="127.0.0.1", description="the address to listen on", examples=["0.0.0.0"])  # noqa: S104 - an example, for containers
    http_port: int = Field(ge=0, le=65535, description="the port to listen on", examples=["8101"])
    upload_bytes_max: int = Field(
        default=32 * MIB, ge=MIB, le=512 * MIB, description="the largest paper taken", examples=["33554432"]
    )

    token_keys_file: File = Field(
        description="the public keys (JWKS) that prove tokens; two during a rotation",
        examples=["/run/secrets/token_keys.json"],
    )
    revoked_tokens_file: File | None = Field(
        default=None,
        description="a JSON list of the ids of tokens that ended early",
        examples=["/run/config/revoked_tokens.json"],
    )
    vault_secret_file: File | None = Field(
        default=None,
        description="the secret (32 bytes or more) that ids, claims and keyed names are derived from",
        examples=["/run/secrets/vault_secret"],
    )
    policy_file: File | None = Field(
        default=None,
        description="the county's rules, where they differ from the defaults",
        examples=["/run/config/policy.toml"],
    )
    clock: Literal["live", "advanced"] = Field(
        default="live",
        description="live: today is today in Shanghai; advanced: today is the last day advanced to",
        examples=["live"],
    )
    otel_endpoint: Annotated[str, StringConstraints(pattern=r"^https?://[^\s/]+")] | None = Field(
        default=None,
        description="where traces are sent (OTLP over HTTP); without it nothing is traced",
        examples=["http://collector.example:4318"],
    )
    otel_sample_ratio: float = Field(
        default=0.1,
        ge=0,
        le=1,
        description="the share of requests that are traced where their caller has not decided",
        examples=["0.1"],
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="the least that is logged", examples=["info"]
    )

    @model_validator(mode="after")
    def _user_with_password(self) -> Self:
        if (self.nats_user is None) != (self.nats_password_file is None):
            raise ValueError("KITH_NATS_USER and KITH_NATS_PASSWORD_FILE go together")
        return self

    @property
    def database_password(self) -> str | None:
        """The password of the database role, where it stands in a file."""
        return _secret(self.database_password_file)

    @property
    def nats_password(self) -> str | None:
        """The password of the user on the bus."""
        return _secret(self.nats_password_file)

    def check_secrets(self) -> None:
        """Raise SettingsWrong where a file of a password holds no text."""
        for name in ("database_password", "nats_password"):
            try:
                getattr(self, name)
            except (OSError, UnicodeDecodeError) as unreadable:
                why = type(unreadable).__name__
                raise SettingsWrong(
                    f"{PREFIX}{name.upper()}_FILE names a file that is no text ({why})"
                ) from None

    @property
    def nats_servers(self) -> list[str]:
        return [server.strip() for server in self.nats_url.get_secret_value().split(",")]


class SettingsWrong(Exception):
    """Settings are missing or wrong; the text names each, what it is for, and an example."""


def settings_from_environment() -> Settings:
    """Return the settings of this process.

    Raises SettingsWrong with every fault at once; no value is repeated in it, since it may be a secret.
    """
    try:
        return Settings()
    except ValidationError as wrong:
        raise SettingsWrong(told(wrong, Settings)) from None


def told(wrong: ValidationError, settings: type[BaseSettings]) -> str:
    """Return each fault of *settings* in a line of its own, with what it is for and an example."""
    lines = ["settings are missing or wrong:"]
    for error in wrong.errors(include_input=False, include_url=False, include_context=False):
        if not error["loc"]:
            lines.append(f"  {error['msg'].removeprefix('Value error, ')}")
            continue
        name = str(error["loc"][0])
        fault = "is missing" if error["type"] == "missing" else f"is wrong ({error['msg'].lower()})"
        lines.append(f"  {PREFIX}{name.upper()} {fault}: {_purpose(settings.model_fields[name])}")
    return "\n".join(lines)


def _purpose(described: FieldInfo) -> str:
    return f"{described.description}, for example {(described.examples or ['…'])[0]}"


def _secret(path: Path | None) -> str | None:
    return None if path is None else path.read_text(encoding="utf-8").rstrip("\r\n")
