from functools import lru_cache

from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_file=".env")

    cache_url: str = "redis://localhost:6379/1"
    supplier: str = "https://supplier.example.com"


@lru_cache
def settings() -> Settings:
    return Settings()
