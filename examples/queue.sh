#!/bin/sh
# A work queue:  ductworks listen -k --envelope /tmp/jobs <talk | examples/queue.sh >talk  (after: mkfifo talk)
# A worker says "ready", is sent {"work": JOB} and says {"result": R}. Who sent {"job": JOB} gets {"job": JOB, "result": R}.
# A job whose worker went away goes to the next one.
exec jq -nc --unbuffered '
    # The state: jobs that wait, workers that do, the job of each busy worker, and in .out the envelopes to send.
    foreach inputs as {$conn, $event, $message} ({jobs: [], ready: [], busy: {}};
        ($conn | tostring) as $worker | .out = [] |
        if $event == "close" then
            .ready -= [$conn] | .jobs = [.busy[$worker] // empty] + .jobs | del(.busy[$worker])
        elif $message == "ready" then
            .ready += [$conn]
        elif ($message | type) != "object" then .
        elif $message | has("job") then
            .jobs += [{job: $message.job, from: $conn}]
        elif .busy[$worker] and ($message | has("result")) then
            .out = [.busy[$worker] | {conn: .from, message: {job, result: $message.result}}] | del(.busy[$worker])
        else . end |
        if .jobs != [] and .ready != [] then
            .out += [{conn: .ready[0], message: {work: .jobs[0].job}}] |
            .busy[.ready[0] | tostring] = .jobs[0] | .jobs |= .[1:] | .ready |= .[1:]
        else . end;
        .out[])'
