# SPDX-License-Identifier: Apache-2.0
"""One database and one role per service on a server that may make them; a service enters no other's database."""

from collections.abc import Callable, Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from services.chassis.database import MIGRATION_NAME, Database, migrate
from services.chassis.subjects import GATEWAY
from services.cli.embedded.process import EmbeddedError


def database_name(service: str) -> str:
    """The name of a service's database, and of its role."""
    return f"quartier_{service}"


async def make_databases(server: str, services: Sequence[str], password: Callable[[str], str]) -> dict[str, str]:
    """Makes what is missing and returns the address of each service's database.

    Args:
        server: address of any database on the server, as a user who may create databases. Where that user may not
            create roles, all services use it, and nothing keeps them out of each other's databases.
        services: their names.
        password: the password of a service's role.

    Raises:
        EmbeddedError: the server cannot be reached, or the user may not create databases.
    """
    try:
        admin = await Database.connect(server, size=1)
    except Exception as error:
        raise EmbeddedError(f"the database server of DATABASE_URL cannot be used: {error}") from error
    try:
        async with admin.pool.acquire() as connection:
            rights = await connection.fetchrow(
                "SELECT rolsuper, rolsuper OR rolcreaterole AS roles, rolsuper OR rolcreatedb AS databases"
                " FROM pg_roles WHERE rolname = current_user"
            )
            if rights is None or not rights["databases"]:
                raise EmbeddedError(
                    "the user of DATABASE_URL may not create databases: ALTER ROLE … CREATEDB, or name a superuser"
                )
            roles = bool(rights["roles"])
            for service in services:
                await _make_database(
                    connection, database_name(service), password(service), roles=roles, full=rights["rolsuper"]
                )
        return {service: _address(server, service, password(service), own=roles) for service in services}
    finally:
        await admin.close()


async def _make_database(connection: Any, name: str, password: str, *, roles: bool, full: bool) -> None:
    # Names come from the list of services and passwords from `token_urlsafe`: neither can hold a quote.
    if roles:
        known = await connection.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", name)
        verb = "ALTER" if known else "CREATE"
        await connection.execute(f"{verb} ROLE {name} LOGIN PASSWORD '{password}'")
        if not full and not known:
            await connection.execute(f"GRANT {name} TO CURRENT_USER")
    if not await connection.fetchval("SELECT true FROM pg_database WHERE datname = $1", name):
        owner = f" OWNER {name}" if roles else ""
        # Byte order and UTF-8 everywhere, whatever the server's template says.
        await connection.execute(f"CREATE DATABASE {name}{owner} ENCODING 'UTF8' LOCALE 'C' TEMPLATE template0")
        await connection.execute(f"REVOKE CONNECT ON DATABASE {name} FROM PUBLIC")


def _address(server: str, service: str, password: str, *, own: bool) -> str:
    parts = urlsplit(server)
    host = parts.netloc.rpartition("@")[2]
    netloc = f"{database_name(service)}:{password}@{host}" if own else parts.netloc
    return urlunsplit(parts._replace(netloc=netloc, path=f"/{database_name(service)}"))


def migrations(service: str) -> list[Traversable]:
    """The folders of migrations of one service, the chassis' first; found without importing the service."""
    folders: list[Traversable]
    if service == GATEWAY:
        spec = find_spec("gateway")
        own = [Path(spec.origin).parent / "migrations"] if spec and spec.origin else []
        folders = [files("services") / "chassis" / "migrations", *own]
    else:
        home = files("services")
        folders = [home / "chassis" / "migrations", home / service / "migrations"]
    return [folder for folder in folders if folder.is_dir()]


async def migrate_database(service: str, database: str) -> list[str]:
    """Applies the pending migrations of one service; the names of those applied.

    Raises:
        EmbeddedError: with the database's own words.
    """
    try:
        return await migrate(database, migrations(service))
    except Exception as error:
        raise EmbeddedError(f"the migrations of {service} failed: {error}") from error


async def pending(service: str, database: str) -> list[str]:
    """The migrations that this database has not seen yet.

    Raises:
        EmbeddedError: the database cannot be read.
    """
    wanted = [
        (folder.parent.name, entry.name)
        for folder in migrations(service)
        if isinstance(folder, Path)
        for entry in folder.iterdir()
        if MIGRATION_NAME.match(entry.name)
    ]
    try:
        db = await Database.connect(database, size=1)
    except Exception as error:
        raise EmbeddedError(f"the database of {service} cannot be reached: {error}") from error
    try:
        table = await db.pool.fetchval("SELECT to_regclass('schema_migrations') IS NOT NULL")
        rows = await db.pool.fetch("SELECT directory, name FROM schema_migrations") if table else []
    finally:
        await db.close()
    known = {(row["directory"], row["name"]) for row in rows}
    return sorted("/".join(one) for one in wanted if one not in known)
