#!/bin/sh
# Guesses a number from 1 to 100:  ductworks pair examples/guess.sh :: examples/think.sh
# Takes its end as stdin and stdout, one record a line; so what is for people goes to stderr.
low=1 high=100
while [ "$low" -le "$high" ]; do
    guess=$(((low + high) / 2))
    echo "$guess"
    read -r answer || break
    case $answer in
    '"higher"') low=$((guess + 1)) ;;
    '"lower"') high=$((guess - 1)) ;;
    *) echo "It is $guess!" >&2 && exit ;;
    esac
done
echo 'I give up.' >&2
exit 1
