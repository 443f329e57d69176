"""Small programs in Python: peers to be measured, and the far ends that all contenders share.

They run as `python3 -c`, with no import that they do not need: all of it counts in their time.
"""

# Peers, as a user would write them.

JSON_LOOP = """
import json, sys
for line in sys.stdin: sys.stdout.write(json.dumps(json.loads(line)) + "\\n")
"""
MP_SEND = """
import sys
from itertools import islice
from multiprocessing.connection import Client
path, size, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
records = iter(lambda: sys.stdin.buffer.read(size), b"") if size else sys.stdin.buffer
peer = Client(path, "AF_UNIX")
for record in islice(records, count): peer.send_bytes(record)
"""
MP_RECEIVE = """
import sys
from multiprocessing.connection import Listener
with Listener(sys.argv[1], "AF_UNIX") as listener: peer = listener.accept()
try:
    while True: sys.stdout.buffer.write(peer.recv_bytes())
except EOFError: pass
"""
MP_ASK = """
import sys
from multiprocessing.connection import Client
peer = Client(sys.argv[1], "AF_UNIX")
for line in sys.stdin.buffer:
    peer.send_bytes(line)
    sys.stdout.buffer.write(peer.recv_bytes())
    sys.stdout.buffer.flush()
"""
MP_ONE = 'import sys; from multiprocessing.connection import Client; Client(sys.argv[1], "AF_UNIX").send_bytes(b"x")'
PLAIN_ONE = """
import socket, sys
peer = socket.socket(socket.AF_UNIX)
peer.connect(sys.argv[1])
peer.sendall(b"x\\n")
"""

# The far ends. The echo gives back whatever bytes it gets, so that it serves those who frame their messages and
# those who do not, each for the same price: it is one read and one write for a message of either.

ECHO = """
import socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen(1)
peer, _ = listener.accept()
while data := peer.recv(65536): peer.sendall(data)
"""
DRAIN = """
import socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen(128)
while True:
    peer, _ = listener.accept()
    while peer.recv(65536): pass
    peer.close()
"""
