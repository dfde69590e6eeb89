import typer

from weather.stations import forecast

app = typer.Typer()


@app.command()
def show(place: str) -> None:
    typer.echo(forecast(place))


if __name__ == "__main__":
    app()
