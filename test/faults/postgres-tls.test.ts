// The TLS modes of a URL, as psql has them, against a real server with a certificate.

import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { PostgresBackend } from '../../src/storage/postgres/backend.js'
import { ownFolder } from '../support/folder.js'
import { type OwnServer, ownServer, serverUser } from '../support/postgres.js'
import { until } from '../support/waiting.js'

const SETTINGS = { hubId: 'test', presenceTtlSec: 120, allowRemote: false, log: () => {} }

const noOpenssl = (() => {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' })
    return false
  } catch {
    return 'needs openssl: to make certificates'
  }
})()

/** A certificate authority and a server's certificate of it, for the name `localhost`. */
function certificates(folder: string) {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' })
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  for (const name of ['ca', 'other-ca'])
    openssl(
      'req',
      '-x509',
      ...newKey,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.crt`,
      '-subj',
      `/CN=${name}`,
    )
  writeFileSync(join(folder, 'names'), 'subjectAltName=DNS:localhost')
  openssl('req', ...newKey, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=localhost')
  const by = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'names']
  openssl('x509', '-req', '-in', 'server.csr', '-out', 'server.crt', ...by)
  const path = (name: string) => join(folder, name)
  return {
    ca: path('ca.crt'),
    otherCa: path('other-ca.crt'),
    key: path('server.key'),
    cert: path('server.crt'),
  }
}

/** Whether the hub's connection is encrypted, or why there is none. */
async function outcome(server: OwnServer, storagePath: string): Promise<string> {
  const backend = await PostgresBackend.open({ storagePath, ...SETTINGS }).catch(
    (error: Error) => error.message,
  )
  if (typeof backend === 'string') return backend
  const state = `SELECT DISTINCT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name LIKE 'arc %'`
  const rows = await server.sql(server.url, state)
  await backend.close()
  await until('its connections to be gone', async () => (await server.sql(server.url, state)).length === 0)
  return rows.map(({ ssl }) => (ssl ? 'encrypted' : 'plain')).join()
}

const DISTRUSTED = /the server's certificate is not trusted: .*check sslmode and sslrootcert/

t.test('TLS', { skip: noOpenssl }, async (t) => {
  const made = certificates(ownFolder(t))
  const server = await ownServer(t)
  const plain = (await server.room(t)).split('?')[0] as string
  const check = async (query: string, expected: string | RegExp, host = 'localhost') => {
    const found = await outcome(server, plain.replace('127.0.0.1', host) + query)
    t.match(found, expected, `${host} ${query}`)
  }

  for (const query of ['', '?sslmode=disable', '?sslmode=prefer', '?sslmode=allow'])
    await check(query, /^plain$/)
  await check('?sslmode=require', /the server has no TLS\): check sslmode/)

  const ssl_cert_file = join(server.folder, 'server.crt')
  const ssl_key_file = join(server.folder, 'server.key')
  for (const [from, to] of [
    [made.cert, ssl_cert_file],
    [made.key, ssl_key_file],
  ] as const) {
    copyFileSync(from, to)
    chmodSync(to, 0o600)
    chownSync(to, serverUser.uid, serverUser.gid)
  }
  await server.stop()
  await server.start({ ssl: 'on', ssl_cert_file, ssl_key_file })

  for (const query of ['', '?sslmode=disable']) await check(query, /^plain$/)
  for (const query of ['?sslmode=prefer', '?sslmode=require']) await check(query, /^encrypted$/)
  await check(
    '?sslmode=verify-ca',
    /^sslmode=verify-ca needs the certificate of the authority: sslrootcert=FILE/,
  )
  await check('?sslmode=verify-ca&sslrootcert=/missing', /^sslrootcert can't be read .*\/missing/)
  await check('?sslmode=verify-full', DISTRUSTED)
  await check('?sslmode=on', /^sslmode must be disable, .* or verify-full, not "on"/)
  for (const mode of ['require', 'verify-ca', 'verify-full']) {
    await check(`?sslmode=${mode}&sslrootcert=${made.ca}`, /^encrypted$/)
    await check(`?sslmode=${mode}&sslrootcert=${made.otherCa}`, DISTRUSTED)
  }
  await check(`?sslmode=verify-ca&sslrootcert=${made.ca}`, /^encrypted$/, '127.0.0.1')
  for (const mode of ['&sslmode=verify-full', ''])
    await check(`?sslrootcert=${made.ca}${mode}`, DISTRUSTED, '127.0.0.1')

  process.env.PGSSLMODE = 'verify-full'
  process.env.PGSSLROOTCERT = made.ca
  t.teardown(() => {
    delete process.env.PGSSLMODE
    delete process.env.PGSSLROOTCERT
  })
  await check('', /^encrypted$/)
  await check('', DISTRUSTED, '127.0.0.1')
  await check('?sslmode=disable', /^plain$/, '127.0.0.1')
  delete process.env.PGSSLMODE
  delete process.env.PGSSLROOTCERT

  const rules = join(server.folder, 'pg_hba.conf')
  writeFileSync(
    rules,
    `hostnossl room all all reject\n${readFileSync(rules, 'utf8')}`.replace(
      'room',
      new URL(plain).pathname.slice(1),
    ),
  )
  await server.sql(server.url, 'SELECT pg_reload_conf()')
  await check('?sslmode=disable', /the server wants TLS: .*check sslmode/)
  await check('?sslmode=require', /^encrypted$/)
})
