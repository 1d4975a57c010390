"""A link that opens the dashboard for whoever holds it."""

from datetime import timedelta

from kith.deployment import Deployment
from kith.signing import issue_token
from shared.tokens import Role

LINK_LIFETIME = timedelta(days=1)


def sign_in_link(deployment: Deployment) -> str | None:
    """Return a link to the dashboard that signs in for the county, or None before its areas are known."""
    if deployment.county is None:
        return None
    token = issue_token(deployment.data, "kith-cli", Role.COUNTY, (deployment.county,), LINK_LIFETIME).token
    return f"{deployment.address('reporting')}/sign-in?token={token}"
