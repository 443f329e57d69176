#!/usr/bin/env python3
# Sends each message back and quits on null:  ductworks exec examples/echo.py {}
# Takes its end by connecting to the path that is its first argument.
import socket
import struct
import sys

with socket.socket(socket.AF_UNIX) as peer:
    peer.connect(sys.argv[1])
    duct = peer.makefile("rwb")
    while header := duct.read(5):
        magic, size = struct.unpack(">cI", header)
        payload = duct.read(size)
        if magic != b"T" or len(payload) < size:
            sys.exit("echo.py: this is no frame, or half of one")
        if payload == b"null":
            break
        duct.write(header + payload)
        duct.flush()
