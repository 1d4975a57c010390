"""What the gateway is told by its environment (KITH_…)."""

from pathlib import Path

from pydantic import Field, HttpUrl
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.settings import MIB, PREFIX

HTTP_PORT, HTTPS_PORT = 8080, 8443


class GatewaySettings(BaseSettings):
    """The environment of one gateway."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    registry_url: HttpUrl = Field(description="the registry", examples=["http://registry:8080"])
    pairing_url: HttpUrl = Field(description="pairing", examples=["http://pairing:8080"])
    contact_url: HttpUrl = Field(description="contact", examples=["http://contact:8080"])
    reporting_url: HttpUrl = Field(description="reporting", examples=["http://reporting:8080"])

    gateway_host: str = Field(default="0.0.0.0", description="the address to listen on", examples=["[::]"])  # noqa: S104 - a container's own
    gateway_http_port: int = Field(
        default=HTTP_PORT, ge=1, le=65535, description="the port of HTTP", examples=["8080"]
    )
    gateway_https_port: int = Field(
        default=HTTPS_PORT, ge=1, le=65535, description="the port of HTTPS", examples=["8443"]
    )
    gateway_public_https_port: int = Field(
        default=443,
        ge=1,
        le=65535,
        description="the port of HTTPS as people see it, where HTTP sends them",
        examples=["443"],
    )
    tls_certificate_file: Path = Field(
        default=Path("/run/kith/tls/certificate.pem"),
        description="the certificate chain; where it is there, HTTPS is on and HTTP only leads to it",
        examples=["/run/kith/tls/certificate.pem"],
    )
    tls_key_file: Path = Field(
        default=Path("/run/kith/tls/key.pem"),
        description="the certificate's key",
        examples=["/run/kith/tls/key.pem"],
    )
    upload_bytes_max: int = Field(
        default=32 * MIB,
        ge=MIB,
        le=512 * MIB,
        description="the largest paper taken, as the services are told",
        examples=["33554432"],
    )
    nginx: Path | None = Field(
        default=None,
        description="another nginx than the one installed; 1.27.4 or later",
        examples=["/usr/sbin/nginx"],
    )

    @property
    def tls(self) -> bool:
        return self.tls_certificate_file.is_file()

    def upstreams(self) -> dict[str, HttpUrl]:
        """Return the address of each service."""
        return {
            "registry": self.registry_url,
            "pairing": self.pairing_url,
            "contact": self.contact_url,
            "reporting": self.reporting_url,
        }
