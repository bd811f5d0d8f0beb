// A part of the SDK's suite over a room in PostgreSQL. All of it: `ARC_TEST_STORAGE=postgres npx tap dist/test/sdk`.

import { runOnPostgres } from '../support/storages.js'

await runOnPostgres(import.meta.url, ['leases-http', 'mailbox-http'])
