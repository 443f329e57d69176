#!/bin/sh
# A chat room:  ductworks listen -k --envelope /tmp/chat <talk | examples/chat.sh >talk  (after: mkfifo talk)
# Whoever comes (ductworks connect -f text /tmp/chat) gives a name first; what follows goes to all. "/quit" leaves.
exec jq -nc --unbuffered '
    # The state: who is there by connection, and in .out the envelopes that answer the latest one.
    foreach inputs as $in ({names: {}};
        ($in.conn | tostring) as $conn | .names[$conn] as $name |
        if $in.event == "open" then
            .out = [{conn: $in.conn, message: "* What is your name?"}]
        elif $in.event == "close" then
            del(.names[$conn]) | .out = [{message: "* \($name // empty) has left."}]
        elif $in.message == "/quit" then
            .out = [{conn: $in.conn, close: true}]
        elif $name then
            .out = [{message: "\($name): \($in.message)"}]
        elif any(.names[]; . == $in.message) then
            .out = [{conn: $in.conn, message: "* There is a \($in.message) already."}]
        else
            .names[$conn] = $in.message | .out = [{message: "* \($in.message) is here."}]
        end;
        .out[])'
