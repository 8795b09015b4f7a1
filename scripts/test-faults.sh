#!/usr/bin/env bash
# The fault matrix at the size of a release: 100,000 calls, in rounds of 5,000 with a seed each.
set -euo pipefail
cd "$(dirname "$0")/.."

export VOLCANO_FAULT_RUNS="${VOLCANO_FAULT_RUNS:-100000}"
npx vitest run test/end-to-end/fault-matrix.test.ts "$@"
