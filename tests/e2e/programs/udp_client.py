import socket
import sys

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
    client.sendto(b"Hello, server!", ("127.0.0.1", int(sys.argv[1])))
    text = client.recv(1024)
sys.exit(text != b"Hello, client!")
