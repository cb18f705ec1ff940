#!/usr/bin/env bash
# Installs the Debian packages that are missing, and nothing else. Asks for sudo only when something is.
#   ./scripts/install_packages.sh [--tests]      with what only tests need
set -euo pipefail

packages=(
  build-essential cmake ninja-build ccache pkg-config git ca-certificates
  libtorch-dev libdlib-dev libdlib-data libopencv-dev libeigen3-dev
  libavcodec-dev libavformat-dev libavfilter-dev libavutil-dev libswscale-dev libswresample-dev
  libcli11-dev libspdlog-dev libfmt-dev nlohmann-json3-dev libssl-dev libbz2-dev
  libfontconfig-dev fonts-dejavu-core
  libtomlplusplus-dev  # manifests and configuration
  libopenblas0-pthread  # LibTorch multiplies matrices through BLAS; the reference one is 20 times slower
  libgtest-dev libgmock-dev
  ffmpeg espeak-ng libespeak-ng-dev
  libimage-exiftool-perl  # tests: reads the XMP of results
)
if [ "${1:-}" = --tests ]; then
  packages+=(slurm-wlm snakemake jq)  # the examples of docs/ on this machine alone
fi

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

echo "Installing: ${missing[*]}"
as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo)
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -q
"${as_root[@]}" apt-get install -y -q --no-install-recommends "${missing[@]}"
