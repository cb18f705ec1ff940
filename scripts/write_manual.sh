#!/bin/sh
# Manual pages and shell completions, as the binary itself describes them: write_manual.sh BINARY FOLDER
set -eu
binary=$1
folder=$2
rm -rf "$folder"
mkdir -p "$folder/man1"
export RESYNCER_NO_CONFIG=1
"$binary" man --all "$folder/man1"
gzip -9n "$folder"/man1/*.1
for shell in bash zsh fish; do
  "$binary" completion "$shell" > "$folder/$shell"
done
