#!/usr/bin/env bash
# Installs what is missing, builds, and runs every test. Arguments go to ctest (for example: -L unit, -R media).
set -euo pipefail
cd "$(dirname "$0")/.."

./scripts/install_packages.sh --tests
cmake --preset release
cmake --build --preset release
ctest --preset release --parallel "$(nproc)" "$@"
