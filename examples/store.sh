#!/bin/sh
# A key-value store:  ductworks listen -k /tmp/store --each -- examples/store.sh FOLDER
# {"set": KEY, "value": VALUE} and {"delete": KEY} answer true, {"get": KEY} the value or null. Each key is a file.
set -e
mkdir -p "$1"
cd "$1"
read -r request
ask() { printf '%s\n' "$request" | jq "$@"; }

# Whatever stands in a key is no path. What it cannot be is an error, and then the message has no reply.
key=key-$(ask -re '.set // .get // .delete | strings | @uri')
case $(ask -r 'keys_unsorted - ["value"] | join(" and ")') in
set)
    ask -e 'has("value")' >/dev/null
    # Renamed into place: whoever gets it meanwhile has the old value or the new one, whole.
    ask -c '.value' >"new-$$"
    mv "new-$$" "$key"
    echo true
    ;;
get) cat "$key" 2>/dev/null || echo null ;;
delete) rm -f "$key" && echo true ;;
*) exit 1 ;;
esac
