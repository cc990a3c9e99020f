"""A name server on 127.0.0.1:53 that knows one name for every address, and takes a second to say it."""

import socket
import time

server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 53))
name = b"\4slow\7example\0"
while True:
    query, asker = server.recvfrom(512)
    end = 12
    while query[end]:
        end += 1 + query[end]
    time.sleep(1)
    answer = b"\xc0\x0c\0\x0c\0\1\0\0\0\x3c" + len(name).to_bytes(2, "big") + name  # PTR IN, for a minute
    server.sendto(query[:2] + b"\x85\x80\0\1\0\1\0\0\0\0" + query[12:end + 5] + answer, asker)
