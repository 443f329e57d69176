#!/bin/sh
# Thinks of a number and judges guesses:  ductworks pair examples/guess.sh :: examples/think.sh [NUMBER]
# Takes its end as stdin and stdout, one record a line.
number=${1:-$(($$ % 100 + 1))}
while read -r guess; do
    if [ "$guess" -lt "$number" ]; then
        echo '"higher"'
    elif [ "$guess" -gt "$number" ]; then
        echo '"lower"'
    else
        echo '"right"'
    fi
done
