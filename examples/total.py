#!/usr/bin/env python3
# Answers each number with the total so far:  ductworks exec --via pipe examples/total.py
# Takes its end as stdin and stdout, which carry frames.
import json
import struct
import sys

source, sink = sys.stdin.buffer, sys.stdout.buffer
total = 0
while header := source.read(5):
    magic, size = struct.unpack(">cI", header)
    if magic != b"T":
        sys.exit("total.py: this is no frame")
    total += json.loads(source.read(size))
    answer = json.dumps(total).encode()
    sink.write(struct.pack(">cI", b"T", len(answer)) + answer)
    sink.flush()
