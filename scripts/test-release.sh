#!/usr/bin/env bash
# The sizes of a release: a million bodies through the scanner and the splicer, as many cuts and configurations,
# and 100,000 faulted calls.
set -euo pipefail
cd "$(dirname "$0")/.."

export VOLCANO_PROPERTY_RUNS="${VOLCANO_PROPERTY_RUNS:-1000000}"
npx vitest run --testTimeout 3600000 test/property test/unit/config "$@"
bash scripts/test-faults.sh
npm run test:system
