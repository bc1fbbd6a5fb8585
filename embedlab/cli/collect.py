"""Collect answer cards over the room's network, and show their dashboard live.

Learners hand in their card from the notebook, `card(explorer).hand_in("http://…")`, or by a form in
a browser. Without --network only this machine can reach the server. The cards are files in a
folder: `embedlab dashboard` makes a page of them that stays.
"""

import argparse
import asyncio
import errno
import ipaddress
import os
import re
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from embedlab.cli.errors import CliError

if TYPE_CHECKING:
    from embedlab.lessons.classroom.collect import CollectServer

__all__ = ["add", "network_address", "run"]

PORT = 8642
_AUTOMATIC = "found"
_CODE = re.compile(r"[a-z0-9-]{8,40}")


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `embedlab collect`."""
    parser.add_argument(
        "--to",
        type=Path,
        default=Path("cards"),
        metavar="DIR",
        help="folder of the cards (default: %(default)s)",
    )
    parser.add_argument(
        "--network",
        nargs="?",
        const=_AUTOMATIC,
        metavar="ADDRESS",
        help="let the network of the room in, at this machine's address there (default: found)",
    )
    parser.add_argument(
        "--port", type=int, default=PORT, metavar="N", help="(default: %(default)s; 0: any)"
    )
    parser.add_argument("--code", help="the code of an earlier address, to use it again")


def run(args: argparse.Namespace) -> int:
    """Print the addresses, and serve until it is stopped."""
    network = network_address(args.network) if args.network else None
    if args.code is not None and not _CODE.fullmatch(args.code):
        raise CliError(
            "a code must be 8 to 40 small letters, digits or hyphens. "
            f"Received {args.code!r:.60}. Leave --code away."
        )
    if not 0 <= args.port < 65_536:
        raise CliError(f"a port must be from 0 to 65535. Received {args.port}. Leave --port away.")
    try:
        from embedlab.lessons.classroom.card_folder import CardFolder
        from embedlab.lessons.classroom.collect import CollectServer
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "tornado":
            raise
        raise CliError(
            "tornado is not installed. Run: python -m pip install tornado segno"
        ) from None
    try:
        args.to.mkdir(parents=True, exist_ok=True)
        if not os.access(args.to, os.W_OK):  # the first learner would find it out
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise CliError(
            f"the cards need a folder. Received {args.to} ({error.strerror}). Choose another: --to"
        ) from None
    folder = CardFolder(args.to)
    try:
        server = CollectServer(folder, network=network, port=args.port, code=args.code)
    except OSError as error:
        raise CliError(
            f"the server needs the port {args.port} of {network or 'this machine'}. "
            f"Received: {os.strerror(error.errno or 0)}. Choose another: --port 0"
        ) from None
    _announce(server, args.to, network)
    try:
        asyncio.run(_serve(server))
    except KeyboardInterrupt:
        print(f"\n{len(folder.read()[0])} cards. Next: embedlab dashboard {args.to / '*.json'}")
    return 0


def network_address(requested: str = _AUTOMATIC) -> str:
    """Return the address of this machine in the room's network.

    Parameters
    ----------
    requested : str
        One of this machine's addresses; by default the one it would reach others from.

    Examples
    --------
    >>> network_address("192.168.0.7")
    '192.168.0.7'
    """
    if requested == _AUTOMATIC:
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
                probe.connect(("192.0.2.1", 9))  # for examples only, and nothing is sent
                requested = probe.getsockname()[0]
        except OSError:
            raise CliError(
                "--network needs a network. Received none. Connect this machine to the room's."
            ) from None
    try:
        address = ipaddress.ip_address(requested)
    except ValueError:
        address = None
    if address is None or address.is_unspecified or address.is_loopback or address.is_multicast:
        raise CliError(
            "--network needs an address of this machine in the room's network, such as "
            f"192.168.0.7. Received {requested!r:.60}. Leave it away: embedlab collect --network"
        )
    return str(address)


def _announce(server: "CollectServer", folder: Path, network: str | None) -> None:
    cards, refused = server.folder.read()
    print(f"Cards go to {folder.resolve()} ({len(cards) + len(refused)} files there)")
    print(f"On the projector, from this machine only: {server.board_address}")
    print(f"For learners: {server.address}")
    if network is None:
        print("Only this machine reaches it. For the room: embedlab collect --network")
    else:
        print(
            f"Warning: everybody in the network of {network} can reach this server, and who knows "
            "the learners' address can hand in cards. They are sent as plain text. They hold no "
            "name. Stop the server when all have handed in.",
            file=sys.stderr,
        )
        if ipaddress.ip_address(network).is_global:
            print(f"Warning: {network} may be reached from the whole internet.", file=sys.stderr)
    print("To stop, press Ctrl+C.", flush=True)


async def _serve(server: "CollectServer") -> None:
    server.start()
    try:
        await asyncio.Event().wait()
    finally:
        await server.stop()
