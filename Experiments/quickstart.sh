#!/usr/bin/env bash
# From a clone to a report: installs what is missing, builds, runs Experiments/quickstart.yaml.
# Works on recorded traces where PITWALL_TRACES or ../shared/traces has them, else on fitted ones.
set -euo pipefail
cd "$(dirname "$0")/.."

command -v swift > /dev/null \
  || { echo "Swift 6.2 or newer is needed: https://www.swift.org/install" >&2; exit 69; }
bash .ci/setup
swift build -c release --product pitwall
"$(swift build -c release --show-bin-path)/pitwall" run Experiments/quickstart.yaml \
  --db quickstart.sqlite --out Reports/out/quickstart
