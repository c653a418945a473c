"""Who may come in: tokens, and the users behind them."""

from __future__ import annotations

import random

from demo_cluster.reply import User

AUTHENTICATED = "system:authenticated"
ANONYMOUS = User("system:anonymous", ("system:unauthenticated",))
ADMIN = User("admin", ("system:masters", AUTHENTICATED))
VIEWER = User("viewer", ("viewers", AUTHENTICATED))
DEVELOPER = User("developer", ("developers", AUTHENTICATED))


class Tokens:
    """Bearer tokens and whose they are."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._users: dict[str, User] = {}

    def issue(self, user: User) -> str:
        """A new token for this user."""
        token = f"demo-{self._rng.getrandbits(160):040x}"
        self._users[token] = user
        return token

    def revoke(self, token: str) -> None:
        """Nobody comes in with this token any more."""
        self._users.pop(token, None)

    def owner(self, token: str) -> User | None:
        """Whose token it is, None when nobody's."""
        return self._users.get(token)
