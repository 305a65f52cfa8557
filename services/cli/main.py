# SPDX-License-Identifier: Apache-2.0
"""The tool `quartier`: one command per thing an operator does.

Commands import what they need when they run: every process of a city starts through this module.
"""

import asyncio
import importlib
import json
import os
import resource
import sys
import tempfile
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.chassis.subjects import GATEWAY, SERVICES
from services.cli.embedded.process import EmbeddedError

if TYPE_CHECKING:
    from services.cli.embedded.city import Address

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Runs a city's citizens' conferences: everything on one machine, or one process of it.",
)

letters = typer.Typer(no_args_is_help=True, help="Events that a service could not apply.")
app.add_typer(letters, name="dead-letters")

script = typer.Typer(no_args_is_help=True, help="Scripts of evenings.")
app.add_typer(script, name="script")

ServiceName = Annotated[str, typer.Argument(help=f"One of {', '.join(SERVICES)}.")]
Data = Annotated[Path, typer.Option(help="Folder of everything that stays.", envvar="QUARTIER_DATA")]


class Only(StrEnum):
    """What is rehearsed in place of evenings."""

    CITY_MINUTE = "city-minute"


def allow_many_files() -> None:
    """Lets this process hold as many files as the system allows: every connection is one, and the usual 1,024 few."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


@app.command()
def up(
    *,
    replicas: Annotated[int, typer.Option(min=1, max=16, help="Processes per service and of the gateway.")] = 1,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one line of JSON when ready, and nothing else.")
    ] = False,
    port: Annotated[int | None, typer.Option(help="Port of the gateway. [default: 8000, or any free one]")] = None,
    data: Data = Path(".quartier"),
    pace: Annotated[float | None, typer.Option(help="Conference seconds per real second, for rehearsals.")] = None,
    no_tty: Annotated[bool, typer.Option("--no-tty", help="Print plain text.")] = False,
) -> None:
    """Start the whole city on this machine; Ctrl-C stops it, the data stay."""
    from services.cli.embedded.city import Plan
    from services.cli.embedded.up import run, sentences

    if pace is not None and pace <= 0:
        raise typer.BadParameter("the pace is positive", param_hint="--pace")
    plain = as_json or no_tty or not sys.stdout.isatty()

    def ready(address: "Address") -> None:
        if as_json:
            print(json.dumps(asdict(address)), flush=True)
        else:
            _introduce(address, plain=plain)

    say = sentences(sys.stderr if as_json else sys.stdout)
    asyncio.run(run(Plan(data, port, replicas, pace), say, ready))


@app.command()
def rehearse(
    *,
    conferences: Annotated[int, typer.Option(min=1, max=200, help="Evenings at the same time.")] = 1,
    residents: Annotated[int, typer.Option(min=3, max=200, help="Seats of each; a fifth more people register.")] = 50,
    pace: Annotated[float, typer.Option(min=1, max=200, help="Conference seconds per real second.")] = 60,
    seed: Annotated[int, typer.Option(help="The same seed plays the same people.")] = 1,
    report: Annotated[Path | None, typer.Option(help="File for the report as JSON.")] = None,
    replicas: Annotated[int, typer.Option(min=1, max=16, help="Processes per service and of the gateway.")] = 1,
    against: Annotated[Path | None, typer.Option(help="Data folder of a running city, instead of a new one.")] = None,
    data: Annotated[Path | None, typer.Option(help="Data folder of the new city. [default: a temporary one]")] = None,
    only: Annotated[
        Only | None, typer.Option(help="In place of evenings: all change phase and vote in one minute, in real time.")
    ] = None,
    seed_only: Annotated[
        bool, typer.Option("--seed-only", help="City minute: only prepare the data folder, with residents in bulk.")
    ] = False,
    sockets: Annotated[
        int | None,
        typer.Option(min=1, help="City minute: of each conference. [default: all residents; from 51 conferences on 5]"),
    ] = None,
    kill: Annotated[
        str | None, typer.Option(help="City minute: the process that is killed in the middle, such as session.")
    ] = None,
) -> None:
    """Play whole evenings through the public API with simulated people; fail when a rule was broken."""
    from services.cli.rehearse.command import run, run_minute
    from services.cli.rehearse.director import Wanted
    from services.cli.rehearse.minute.director import Wanted as WantedMinute

    _fitting(only, against=against, data=data, seed_only=seed_only, of_minute=(sockets, kill))
    allow_many_files()
    with tempfile.TemporaryDirectory(prefix="quartier-", ignore_cleanup_errors=True) as folder:
        place = data or Path(folder) / "city"
        if only is None:
            well = run(Wanted(conferences, residents, pace, seed, replicas, place, against), report)
        else:
            minute = WantedMinute(conferences, residents, sockets, kill, seed, seed_only, replicas, place)
            well = run_minute(minute, report)
        if not well:
            raise typer.Exit(1)


def _fitting(
    only: Only | None, *, against: Path | None, data: Path | None, seed_only: bool, of_minute: tuple[object, ...]
) -> None:
    """Refuses options that mean nothing together."""
    if only is None and (seed_only or any(option is not None for option in of_minute)):
        raise typer.BadParameter("belongs to --only city-minute", param_hint="--seed-only, --sockets, --kill")
    if only is not None and against is not None:
        raise typer.BadParameter("the city minute starts a city of its own", param_hint="--against")
    if seed_only and data is None:
        raise typer.BadParameter("say which folder is to be prepared", param_hint="--data")


@app.command()
def serve(
    service: Annotated[str, typer.Argument(help=f"One of {', '.join((*SERVICES, GATEWAY))}.")],
) -> None:
    """Run one service, or the gateway, in this process; its settings come from the environment."""
    _known(service)
    allow_many_files()
    module = importlib.import_module("gateway.main" if service == GATEWAY else f"services.{service}.main")
    from services.chassis.settings import BadSettings

    try:
        status = module.main()
    except BadSettings as error:
        raise EmbeddedError(str(error)) from error
    raise typer.Exit(status)


@app.command()
def migrate(
    service: Annotated[str, typer.Argument(help=f"One of {', '.join((*SERVICES, GATEWAY))}.")],
    database: Annotated[
        str | None, typer.Option(envvar="DATABASE_URL", help="Its database. [default: the running city's]")
    ] = None,
    data: Data = Path(".quartier"),
) -> None:
    """Apply the pending migrations of one service to its database."""
    from services.cli.embedded.databases import migrate_database

    applied = asyncio.run(migrate_database(_known(service), database or _running(data)["databases"][service]))
    print("\n".join(f"applied {name}" for name in applied) or "nothing to apply")


@app.command()
def doctor(data: Data = Path(".quartier")) -> None:
    """Say what is missing or wrong on this machine, and what cures it."""
    from services.cli.doctor import examine

    async def look() -> bool:
        well = True
        async for finding in examine(data, os.environ):
            print(finding, flush=True)
            well = well and finding.state != "wrong"
        return well

    if not asyncio.run(look()):
        raise typer.Exit(1)


@app.command()
def refill(
    service: ServiceName,
    *,
    restored: Annotated[
        bool, typer.Option("--restored", help="Its database came from a backup, and it has not run since.")
    ] = False,
    data: Data = Path(".quartier"),
) -> None:
    """Make the stream of a service anew from its log, after NATS or a database was lost or restored; of the gateway:
    its feed of changes, from what the services say.
    """
    from services.cli.operations import refill as carry_out
    from services.cli.operations import renew_changes

    url = _use(_known(service), data)
    if service == GATEWAY:
        asyncio.run(renew_changes(url))
        print("the feed of changes is made anew by the running gateways; portals read everything again")
        return

    def progress(position: int, head: int) -> None:
        print(f"{position} of {head}", file=sys.stderr, flush=True)

    done = asyncio.run(carry_out(service, progress, restored=restored))
    print(f"the stream of {service} holds {done.sent} messages, up to position {done.head}")
    if done.shifted_after is not None:
        print(f"the log had been set back: events after position {done.shifted_after} have new positions")


@app.command()
def rebuild(
    service: ServiceName,
    read_model: Annotated[str, typer.Argument(help="Name of the read model.")],
    data: Data = Path(".quartier"),
) -> None:
    """Make a read model anew from the log; the service goes on answering meanwhile."""
    from services.cli.operations import rebuild as carry_out

    _use(_known(service), data)
    print(f"{read_model} is made anew, up to position {asyncio.run(carry_out(service, read_model))}")


@app.command("replay")
def replay_evening(
    *,
    conference: Annotated[str, typer.Option(help="Its id, as the API shows it or as 32 hex digits.")],
    at: Annotated[
        str | None,
        typer.Option(help="Up to when, such as 2026-11-07T19:42; without an offset in the zone."),
    ] = None,
    language: Annotated[str, typer.Option(help="de or en.")] = "de",
    zone: Annotated[str, typer.Option(help="Time zone of the city.")] = "Europe/Berlin",
    data: Data = Path(".quartier"),
) -> None:
    """Show the minutes of an evening, or how it stood at any instant; without anybody's name."""
    from services.cli.replay import conference_of, instant_of, language_of, page, record, zone_of

    known, where = language_of(language), zone_of(zone)
    evening, until = conference_of(conference), None if at is None else instant_of(at, where)
    _use("session", data)
    print(page(asyncio.run(record(evening, until)), known, where))


@letters.command("list")
def list_letters(service: ServiceName, data: Data = Path(".quartier")) -> None:
    """Show the events that a service could not apply, and those that wait behind them."""
    from services.cli.operations import dead_letters

    found = asyncio.run(dead_letters(_known(service), _use(service, data)))
    for letter in found:
        event, since = letter.subject.rpartition(".")[2], f"{letter.first_at:%Y-%m-%d %H:%M}"
        place = f"{letter.source} {letter.conference} {letter.position}"
        print(f"{place} {letter.state} since {since} {event}: {letter.error}")
    if not found:
        print(f"nothing waits in {service}")


@letters.command()
def replay(
    service: ServiceName,
    source: Annotated[str, typer.Argument(help="The service that told the events.")],
    conference: Annotated[str, typer.Argument(help="Id of the conference, or `city`.")],
    data: Data = Path(".quartier"),
) -> None:
    """Apply everything of a conference that waits, in order; the running service does it within a second."""
    from services.cli.operations import replay as carry_out

    waiting = asyncio.run(carry_out(_known(service), _use(service, data), source, conference))
    if not waiting:
        raise EmbeddedError(f"nothing of {source} and {conference} waits in {service}")
    print(f"{service} will apply {waiting} events of {source}")


@letters.command()
def skip(
    service: ServiceName,
    source: Annotated[str, typer.Argument(help="The service that told the event.")],
    conference: Annotated[str, typer.Argument(help="Id of the conference, or `city`.")],
    position: Annotated[int, typer.Argument(help="Position of the event, as `list` shows it.")],
    data: Data = Path(".quartier"),
) -> None:
    """Never apply one event; those behind it wait for a replay."""
    from services.cli.operations import skip as carry_out

    if not asyncio.run(carry_out(_known(service), _use(service, data), source, conference, position)):
        raise EmbeddedError(f"no event of {source}, {conference} at position {position} waits in {service}")
    print(f"{service} will skip position {position} of {source}")


@script.command()
def check(
    files: Annotated[
        list[Path], typer.Argument(exists=True, dir_okay=False, help="YAML or JSON files, one script each.")
    ],
) -> None:
    """Say whether scripts can be used; name every line that is wrong."""
    from services.cli.operations import check_script

    well = True
    for file in files:
        verdict = check_script(file)
        print(verdict.text, file=sys.stdout if verdict.well else sys.stderr)
        well = well and verdict.well
    if not well:
        raise typer.Exit(1)


@script.command()
def schema() -> None:
    """Print the JSON Schema of scripts, for editors."""
    from services.cli.operations import script_schema

    print(script_schema())


def _use(service: str, data: Path) -> str:
    """The database of a service: of the environment, else of the city that runs on the data; NATS_URL likewise."""
    if "DATABASE_URL" not in os.environ:
        addresses = _running(data)
        os.environ["DATABASE_URL"] = addresses["databases"][service]
        os.environ.setdefault("NATS_URL", addresses["nats"][service])
    return os.environ["DATABASE_URL"]


def _known(service: str) -> str:
    if service not in (*SERVICES, GATEWAY):
        raise typer.BadParameter(f"there is no service {service!r}", param_hint="service")
    return service


def _running(data: Path) -> dict[str, Any]:
    """The addresses of the city that runs on the data folder."""
    try:
        content: dict[str, Any] = json.loads((data / "run" / "addresses.json").read_text())
    except FileNotFoundError:
        raise EmbeddedError(
            f"no city runs on {data}: start one with `quartier up`, or set DATABASE_URL and NATS_URL"
        ) from None
    return content


def _introduce(address: "Address", *, plain: bool) -> None:
    """Tells a person where the city is and how to get in."""
    from rich.console import Console

    console = Console(force_terminal=not plain, highlight=False, soft_wrap=True)
    console.print("\n[bold]The city is up.[/bold]")
    console.print(f"  GraphQL        {address.graphql}")
    console.print(f"  Subscriptions  {address.graphql_ws}")
    console.print(f"  Mail           {address.mail}")
    if address.conference:
        console.print(f"  Conference     {address.conference}")
    for role, token in address.sign_in.items():
        console.print(f"  {role:<14} Authorization: Bearer {token}")
    console.print("Ctrl-C stops it; the data stay.\n")


def main() -> int:
    """The entry point: what an operator did wrong is a sentence, not a traceback."""
    try:
        app(standalone_mode=True)
    except EmbeddedError as error:
        print(f"quartier: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
