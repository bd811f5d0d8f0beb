// A part of the conformance suite over a room in PostgreSQL. All of it: `ARC_TEST_STORAGE=postgres npx tap
// dist/test/conformance`, where two tests are left out, which look into a file.

import { runOnPostgres } from '../support/storages.js'

await runOnPostgres(import.meta.url, ['claims', 'idempotency', 'mailbox'])
