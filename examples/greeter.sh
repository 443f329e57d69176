#!/bin/sh
# Greets people until an empty line comes:  ductworks exec --via fd -f text examples/greeter.sh
# Takes its end as an inherited descriptor: each `connect` without an address uses it for one message and its reply.
set -e
ask() { "$DUCTWORKS" connect -f text -m "$1" -n 1; }

name=$(ask 'Who are you?')
while [ -n "$name" ]; do
    town=$(ask "Hello, $name! Where are you from?")
    name=$(ask "So $name is from $town. Who is next?")
done
