from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="SHOP_", env_file=".env")

    currency: str = "EUR"
    max_picture: int = 2_000_000


settings = Settings()
