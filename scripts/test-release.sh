#!/usr/bin/env bash
# The sizes of a release: a million bodies through the scanner and the splicer, as many cuts and configurations,
# 100,000 faulted calls, and 200,000 samples of each question about the time of a key's check.
set -euo pipefail
cd "$(dirname "$0")/.."

# First and alone, as it measures.
npx vitest run --config vitest.release.config.ts
export VOLCANO_PROPERTY_RUNS="${VOLCANO_PROPERTY_RUNS:-1000000}"
npx vitest run --testTimeout 3600000 test/property test/unit/config "$@"
bash scripts/test-faults.sh
npm run test:system
