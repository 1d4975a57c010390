"""A county's own policy file: taken from the settings, and a faulty one told before anything starts."""

import os
import subprocess
import sys
from pathlib import Path

import services.contact
from services.contact.domain.policy import AppliesTo
from services.contact.policy_file import load_policy
from shared.settings import EXIT_CONFIG

DEFAULTS = Path(services.contact.__file__).parent / "policy.toml"
START = "from services.contact.app import create; create()"


def test_a_county_replaces_the_defaults_by_its_own_file(tmp_path: Path) -> None:
    own = tmp_path / "policy.toml"
    own.write_text(DEFAULTS.read_text(encoding="utf-8").replace('applies_to = "poor"', 'applies_to = "all"'))
    assert {commitment.applies_to for commitment in load_policy(own).commitments} == {AppliesTo.ALL}
    assert AppliesTo.POOR in {commitment.applies_to for commitment in load_policy(None).commitments}


def test_a_faulty_policy_ends_the_service_with_its_faults_told(tmp_path: Path) -> None:
    faulty = tmp_path / "policy.toml"
    faulty.write_text('version = "1"\n[[commitments]]\nkind = "tea"\n', encoding="utf-8")
    (tmp_path / "secret").write_text("x" * 40)
    (tmp_path / "keys.json").write_text(
        '{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "' + "A" * 43 + '"}]}'
    )
    settings = {
        "KITH_DATABASE_URL": "postgresql://contact@localhost/none",
        "KITH_NATS_URL": "nats://localhost",
        "KITH_HTTP_PORT": "0",
        "KITH_TOKEN_KEYS_FILE": str(tmp_path / "keys.json"),
        "KITH_VAULT_SECRET_FILE": str(tmp_path / "secret"),
        "KITH_POLICY_FILE": str(faulty),
    }
    started = subprocess.run(
        [sys.executable, "-c", START],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert started.returncode == EXIT_CONFIG
    assert f"{faulty}: commitments[1].kind" in started.stderr
    assert f"begin anew with a copy of {DEFAULTS}" in started.stderr
