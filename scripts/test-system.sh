#!/usr/bin/env bash
# The tests that need more than `npm ci` gives; installs what they need from the lockfiles and from Debian.
set -euo pipefail
cd "$(dirname "$0")/.."

npm ci --prefix test/clients --ignore-scripts
# The tests, held to the clients' own types.
npx tsc -p test/clients
# Before the tests, so that no test waits for a package.
node_modules/.bin/node --input-type=module -e 'import { nginxPath } from "./bench/nginx.ts"; console.log(nginxPath());'
node_modules/.bin/node --input-type=module -e 'import { requireStrace } from "./test/support/storage/strace.ts"; requireStrace();'
npx vitest run --config vitest.system.config.ts "$@"
if ! git diff --quiet -- test/clients/results.json 2>/dev/null; then
  echo "test/clients/results.json has changed: run 'npm run docs', and commit both." >&2
  exit 1
fi
