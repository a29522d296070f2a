#!/usr/bin/env bash
# Installs what is missing, builds, and runs every test.
#
# PITWALL_TRACES names the folder of recorded traces (default: ../shared/traces); tests that need
# them are skipped where it is not there. PITWALL_KILLS sets how often the test of crash safety kills
# a run (default: 5; 50 takes a few minutes). PITWALL_SLOW=1 also runs what takes an hour or more, the
# fuzzing in Tests/Slow for PITWALL_FUZZ_SECONDS a parser (default: 600) among it.
set -euo pipefail
cd "$(dirname "$0")/.."

command -v swift > /dev/null \
  || { echo "Swift 6.2 or newer is needed: https://www.swift.org/install" >&2; exit 69; }
bash .ci/setup
swift build --build-tests
swift test --skip-build "$@"
