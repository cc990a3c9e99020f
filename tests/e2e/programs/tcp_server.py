import socket

listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
listener.bind(("127.0.0.1", 0))
listener.listen(1)
print(listener.getsockname()[1], flush=True)

connection, client = listener.accept()
connection.sendall(b"Hello, client!")
connection.close()
listener.close()
