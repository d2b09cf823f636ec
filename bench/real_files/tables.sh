#!/usr/bin/env bash
# Imports real tables and lists and compares what comes of them with counts that are known; one line for each.
#
#   bench/real_files/tables.sh DATA_FOLDER      after `cargo build --release`; exits with 1 where a count differs
#
# DATA_FOLDER holds google-taxonomy/taxonomy-with-ids.en-US.txt, Google's product taxonomy as nested intervals.
set -euo pipefail
data=${1:?name the folder with the real files}
project=$(cd "$(dirname "$0")/../.." && pwd)
rootward=${ROOTWARD:-$project/target/release/rootward}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

# check NAME DOCUMENTS EDGES KIND SOURCE [OPTION..]
check() {
    local name=$1 documents=$2 edges=$3 found
    shift 3
    found=$("$rootward" import "$@" --out "$work/$name" --json)
    echo "$name: $found" | sed "s|$work/||; s|$data/||"
    case $found in
        *"\"documents\":$documents,\"edges\":$edges,"*) ;;
        *) echo "$name: $documents documents and $edges edges were expected" >&2; failed=1 ;;
    esac
}

taxonomy=$data/google-taxonomy/taxonomy-with-ids.en-US.txt
check google-intervals 5595 5574 paths "$taxonomy"

# The same tree in the two forms that Google itself publishes, made from the intervals in the order of their beginnings.
sed '/^#/d; /^$/d' "$taxonomy" | sed 's/\([^[]*\[ *\([0-9]*\).*\)/\2\t\1/' | sort -n | cut -f 2- > "$work/sorted.txt"
awk -v ids="$work/with-ids.txt" -v plain="$work/without-ids.txt" '
    BEGIN { print "# Google_Product_Taxonomy_Version: 2021-09-21" > ids; print "# no ids" > plain }
    {
        split($0, field, "|"); id = field[1] + 0
        gsub(/[][ ]/, "", field[2]); split(field[2], interval, "-")
        path = $0; sub(/^[^|]*\|[^|]*\| */, "", path)
        while (top > 0 && interval[1] + 0 > ends[top]) top--
        if (top > 0) path = paths[top] " > " path
        top++; ends[top] = interval[2] + 0; paths[top] = path
        print id " - " path > ids; print path > plain
    }
' "$work/sorted.txt"
check google-with-ids 5595 5574 paths "$work/with-ids.txt"
check google-without-ids 5595 5574 paths "$work/without-ids.txt"

# And as a list of edges, by way of what was written: no root is without a child.
check google-edges 5595 5574 edges "$work/google-intervals/hierarchy.tsv"

exit "$failed"
