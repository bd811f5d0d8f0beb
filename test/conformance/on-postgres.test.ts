// A part of the conformance suite over a room in PostgreSQL. All of it: `ARC_TEST_STORAGE=postgres npx tap
// dist/test/conformance`, where two tests are left out, which look into a file.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { postgresServer } from '../support/postgres.js'

const FILES = ['claims', 'idempotency', 'mailbox']

const { ARC_TEST_STORAGE, NODE_OPTIONS: _, ...env } = process.env
if (ARC_TEST_STORAGE) t.plan(0, 'the whole suite runs so')
else {
  const { url } = await postgresServer(t)
  t.jobs = 2
  for (const name of FILES) {
    t.test(`${name}, over PostgreSQL`, async (t) => {
      const file = fileURLToPath(new URL(`${name}.test.js`, import.meta.url))
      const child = spawn(process.execPath, [file], {
        env: { ...env, ARC_TEST_STORAGE: 'postgres', ARC_TEST_POSTGRES: url },
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      let said = ''
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        said += text
      })
      const [status] = await once(child, 'close')
      t.equal(status, 0, said.match(/^ *not ok .*$/gm)?.join('\n') ?? 'it passed')
    })
  }
}
