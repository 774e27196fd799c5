"""The settings as a dependency of FastAPI.

## Why
A function that takes `settings: SettingsDep` says what it needs, and a test gives it others with
`app.dependency_overrides[get_settings]`, without touching the environment. What is checked and read once stays where it
is: this is a name for it.

## Use
```python
@router.get("/status")
async def read_status(settings: SettingsDep) -> Status: ...
```

## References
- [FastAPI: settings in a dependency](https://fastapi.tiangolo.com/advanced/settings/#settings-in-a-dependency)
"""

from functools import lru_cache
from typing import Annotated

from fastapi import Depends
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIXES = ("settingsdep", "settingsdependency")
WHERE = ("module",)
TAB_STOPS = ("SettingsDep",)
REQUIRES = ("fastapi>=0.95", "pydantic-settings>=2.2")
REUSES = ("Settings", "get_settings")
SINCE = (3, 9)


class Settings(BaseSettings):
    """What the program is told from outside."""

    model_config = SettingsConfigDict(env_prefix="APP_", frozen=True)

    debug: bool = False


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The settings, read at the first call."""
    return Settings()


# template: begin
SettingsDep = Annotated[Settings, Depends(get_settings)]
# template: end
