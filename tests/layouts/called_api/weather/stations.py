from psycopg_pool import ConnectionPool
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="WEATHER_")

    dsn: str = "postgresql://weather@localhost/weather"


pool = ConnectionPool(Settings().dsn, open=False)


def forecast(place: str) -> str:
    pool.open()
    with pool.connection() as connection:
        row = connection.execute("SELECT text FROM forecasts WHERE place = %s", [place]).fetchone()
    return row[0] if row else "unknown"
