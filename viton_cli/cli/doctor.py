import typer
app = typer.Typer()
@app.command()
def doctor(json: bool = False) -> None:
    """x"""
    print("hi")
