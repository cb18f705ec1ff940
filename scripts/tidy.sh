#!/usr/bin/env bash
# clang-tidy (.clang-tidy) over the sources of a build that has been configured: scripts/tidy.sh [FILE ...], by default all of src.
# Prints the findings, leaves with 1 when there are any. Precompiled headers are the compiler's own: clang-tidy reads plain ones.
set -euo pipefail
cd "$(dirname "$0")/.."
database=$(mktemp -d)
trap 'rm -rf "$database"' EXIT
sed -E 's/ -Winvalid-pch//; s/ -include [^ ]*cmake_pch\.hxx//' build/release/compile_commands.json > "$database/compile_commands.json"
[ $# -gt 0 ] || { mapfile -t files < <(git ls-files 'src/*.cpp') && set -- "${files[@]}"; }
printf '%s\0' "$@" | xargs -0 -n 1 -P "${JOBS:-$(nproc)}" clang-tidy --quiet -p "$database" --extra-arg=-Wno-gnu-zero-variadic-macro-arguments
