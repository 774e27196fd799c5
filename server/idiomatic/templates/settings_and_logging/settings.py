"""Settings from the environment, checked when the program starts.

## Why
A missing or misspelt setting stops the program where it starts, with a message that lists all that is wrong, and not
hours later where it is first needed. Secrets are printed as asterisks, in logs and tracebacks too. Nothing is read
while modules are imported, so that a test can set the environment first and then call `get_settings.cache_clear()`.

## Use
`APP_DATABASE_URL=... APP_API_KEY=... python -m shop`, or the same lines in a file `.env` that is not under version
control; the environment wins.
```python
settings = get_settings()
client = Client(settings.api_key.get_secret_value(), timeout=settings.http_timeout)
```

## References
- [Settings management](https://docs.pydantic.dev/latest/concepts/pydantic_settings/)
"""

from functools import lru_cache
from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIXES = ("settings", "basesettings", "config")
WHERE = ("module",)
TAB_STOPS = ("APP_", "database_url", "api_key", "http_timeout", "debug")
REQUIRES = ("pydantic-settings>=2.2",)
SINCE = (3, 9)


class Settings(BaseSettings):
    """What the program is told from outside.

    Attributes:
        database_url: where the data is, with the password in it.
        api_key: what the program shows to be let in.
        http_timeout: seconds to wait for an answer.
        debug: whether to say more than users should see.
    """

    model_config = SettingsConfigDict(
        env_prefix="APP_",
        env_file=".env",
        env_file_encoding="utf-8",
        # The file may hold what is meant for others.
        extra="ignore",
        frozen=True,
    )

    database_url: SecretStr
    api_key: SecretStr
    http_timeout: Annotated[float, Field(gt=0)] = 10.0
    debug: bool = False


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The settings, read at the first call.

    Raises:
        pydantic.ValidationError: settings are missing or wrong; it says which.
    """
    # Not `Settings()`: to a type checker the fields would be missing arguments.
    return Settings.model_validate({})
