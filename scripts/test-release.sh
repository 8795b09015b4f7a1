#!/usr/bin/env bash
# The sizes of a release: a million bodies through the scanner and the splicer, and as many cuts and configurations.
set -euo pipefail
cd "$(dirname "$0")/.."

export VOLCANO_PROPERTY_RUNS="${VOLCANO_PROPERTY_RUNS:-1000000}"
npx vitest run --testTimeout 3600000 test/property test/unit/config "$@"
npm run test:system
