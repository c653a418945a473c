"""What looks like a secret, by the name that it has or by its own form."""

import re

_NAME = re.compile(
    r"(?:^|_)(?:PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|APIKEY|API_KEY|ACCESS_KEY|PRIVATE_KEY"
    r"|CREDENTIALS?|AUTH_KEY|ENCRYPTION_KEY|SIGNING_KEY)(?:_[0-9]+)?$",
    re.IGNORECASE,
)
_VALUE = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{30,}"
    r"|\bxox[abprs]-[A-Za-z0-9-]{10,}|\bsk_live_[A-Za-z0-9]{16,}|://[^/\s:@]+:[^/\s:@]{3,}@"
)
_ASSIGNMENT = re.compile(
    r"^(?P<start>\s*(?:export\s+)?(?P<name>[\w.-]+)\s*[=:]\s*)(?P<value>.+)$", re.MULTILINE
)
_HARMLESS = frozenset(("", "true", "false", "yes", "no", "0", "1", "none"))
HIDDEN = "***"


def looks_like_a_secret(name: str, value: str) -> bool:
    """Whether a variable should not be readable, by its name or by its value's form.

    A path, such as that of a mounted secret, is none.
    """
    if value.lower() in _HARMLESS or value.startswith(("/", "./")):
        return False
    return bool(_NAME.search(name) or _VALUE.search(value))


def shown_value(name: str, value: str) -> str:
    """A value as a message may quote it: hidden, if it looks like a secret."""
    return HIDDEN if looks_like_a_secret(name, value) else value


def shown_lines(text: str) -> str:
    """Lines of an environment file as a message may quote them."""
    return _ASSIGNMENT.sub(
        lambda found: found["start"] + shown_value(found["name"], found["value"]), text
    )
