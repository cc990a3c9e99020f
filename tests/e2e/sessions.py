"""Client and server as two programs under one shell: what is followed in several tests."""

import os
import shlex

from e2e import folder, script


def hello(over):
    """The hello session over tcp or udp: two scripts; the client comes once the server has told its
    port. It can be run again: the port of the last time is put away before the server starts, lest
    the client take it for this one."""
    port = os.path.join(folder(), "port")
    server = shlex.join(script(f"{over}_server.py"))
    client = shlex.join(script(f"{over}_client.py"))
    return ["sh", "-c", f": >{port}; {server} >{port} & for turn in $(seq 250); do [ -s {port} ] && break; sleep 0.02; done; "
                        f"{client} $(cat {port}); code=$?; wait; exit $code"]
