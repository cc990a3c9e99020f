import socket
import sys

with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as client:
    client.connect(("127.0.0.1", int(sys.argv[1])))
    text = b""
    while piece := client.recv(1024):
        text += piece
sys.exit(text != b"Hello, client!")
