"""`isthmus backup`: write the graph to a file, or verify such a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from isthmus.errors import InputError
from isthmus.scripts.command import Output, with_settings

if TYPE_CHECKING:
    from isthmus.settings import Settings


@click.command()
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE|FOLDER")
@click.option(
    "--keep",
    type=click.IntRange(min=1),
    metavar="N",
    help="Delete older backups of FOLDER but for the newest N, this one included.",
)
@click.option(
    "--verify",
    is_flag=True,
    help="Write nothing: load FILE beside the graph, check its files, open it and count.",
)
@with_settings
def command(settings: Settings, file: Path, keep: int | None, verify: bool) -> Output:
    """Write the graph of the Neo4j server that isthmus runs to FILE, which must not exist.

    In a FOLDER the file is named by the time, as isthmus-20260131-030000.dump; only files of such
    names count for --keep. FILE.json beside it has the size, the SHA-256 and the versions of Neo4j
    and isthmus, by which damage is found without loading the file. FILE holds the whole graph and
    no password. Trained encoders are not part of it: copy the folder encoders/ of the home.

    The server is stopped during the backup and started again. Commands started meanwhile wait;
    commands already running fail. While a retraining runs, nothing is stopped and the exit code is
    75. With --verify the server goes on answering.

    \b
    Examples:
      isthmus backup /backups/monday.dump
      isthmus backup /backups --keep 7
      isthmus backup /backups/monday.dump --verify --json
    """
    from isthmus.graph.operations import create_backup, verify_backup

    if verify:
        if keep is not None:
            raise InputError("--verify writes and deletes nothing, so --keep has no use with it.")
        verified = verify_backup(settings, file)
        return Output(verified.document(), f"{verified}, verified in {verified.seconds:.0f} s")
    backup = create_backup(settings, file, keep)
    lines = [
        f"{backup.file}: {backup.bytes / 1e6:,.1f} MB in {backup.seconds:.0f} s, "
        f"{backup.seconds_offline:.0f} s of them without a server"
    ]
    lines += [f"deleted: {name}" for name in backup.deleted]
    return Output(backup.document(), "\n".join(lines))
