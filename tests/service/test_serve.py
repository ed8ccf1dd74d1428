"""The listening socket of ``creatorscope serve``."""

import socket

from api.commands.serve import bound
from creators.settings import Settings


def test_answers_do_not_wait_for_acknowledgements():
    with bound(Settings(), "127.0.0.1", 0) as listener:
        assert listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
