from fastapi import FastAPI

from weather.stations import forecast

api = FastAPI(title="Weather", docs_url="/")


@api.get("/forecast/{place}")
def read_forecast(place: str) -> dict[str, str]:
    return {"place": place, "forecast": forecast(place)}


@api.api_route("/livez", methods=["GET", "HEAD"])
def livez() -> dict[str, str]:
    return {}
