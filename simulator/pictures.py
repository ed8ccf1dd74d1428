"""The pictures of the world: small PNGs of coloured squares, the same for the same address.

Most people show one picture on all their accounts, in another size on each network; the others have one for each.
"""

from __future__ import annotations

import re
import struct
import zlib
from typing import TYPE_CHECKING

from creators.models import Platform
from simulator.desk import Reply
from simulator.dice import fraction, roll

if TYPE_CHECKING:
    from simulator.people import Account
    from simulator.world import World

ONE_PICTURE = 0.7
"""Share of the people who show the same picture everywhere."""
PLACES = 9
_SIZES = {Platform.INSTAGRAM: 36, Platform.TIKTOK: 20, Platform.YOUTUBE: 27, Platform.X: 12, Platform.GITHUB: 30}
"""Side of a square, in pixels."""
_HOSTS = {
    "scontent.cdninstagram.example": Platform.INSTAGRAM,
    "p16.tiktokcdn.example": Platform.TIKTOK,
    "yt3.ggpht.example": Platform.YOUTUBE,
    "i.ytimg.example": Platform.YOUTUBE,
    "pbs.twimg.example": Platform.X,
    "avatars.githubusercontent.example": Platform.GITHUB,
}
_AVATAR = re.compile(r"/(?:u/)?(?P<native_id>[\w-]+?)(?:_normal)?(?:=s\d+)?(?:\.jpe?g)?")


def is_picture_host(host: str) -> bool:
    """Return whether pictures lie on a host."""
    return host in _HOSTS


def picture(world: World, host: str, path: str) -> Reply:
    """Return the picture at an address: of an account its own, else one of a post."""
    platform = _HOSTS[host]
    match = _AVATAR.fullmatch(path)
    account = world.by_native_id(platform, match["native_id"]) if match else None
    seed = shown_by(world, account) if account else roll(world.seed, "post", path)
    return Reply(data=png_of(seed, _SIZES[platform]), media_type="image/png")


def shown_by(world: World, account: Account) -> int:
    """Return the seed of the picture that an account shows."""
    everywhere = fraction(world.seed, "one picture", account.person) < ONE_PICTURE
    return roll(world.seed, "picture", account.person if everywhere else account.account_id)


def png_of(seed: int, side: int) -> bytes:
    """Return a PNG of 9 x 9 grey squares, ``side`` pixels each (W3C PNG, third edition, 5.3)."""
    greys = [[roll(seed, row, column) % 256 for column in range(PLACES)] for row in range(PLACES)]
    lines = b"".join((b"\x00" + b"".join(bytes([grey]) * side for grey in row)) * side for row in greys)
    head = struct.pack(">IIBBBBB", PLACES * side, PLACES * side, 8, 0, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(lines)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
