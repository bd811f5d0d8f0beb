// What the machine says of a process (process-proof.ts): by /proc, and by `ps` and `lsof`, which tell the same.

import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer, type Server } from 'node:net'
import { networkInterfaces } from 'node:os'
import t, { type Test } from 'tap'
import { type Claimed, lookByTools, lookInProc, proveProcess } from '../../src/cli/process-proof.js'
import { Place } from '../support/arc-process.js'

const startedAt = new Date(performance.timeOrigin + 500).toISOString()
const uid = process.geteuid?.()
const hasV6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'))
const withV6 = { skip: !hasV6 && 'there is no IPv6 here' }

async function listen(t: Test, host: string, port = 0): Promise<number> {
  const server: Server = createServer().listen(port, host)
  await once(server, 'listening')
  t.teardown(() => server.close())
  return (server.address() as AddressInfo).port
}

/** This process, listening. */
async function me(t: Test, host = '127.0.0.1'): Promise<Claimed> {
  const port = await listen(t, host)
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`
  return { pid: process.pid, url, started_at: startedAt, uid }
}

for (const host of ['127.0.0.1', '::1', '127.0.0.2']) {
  const options = host === '::1' ? withV6 : {}
  t.test(`a process that listens at ${host} and began when its file says is proven`, options, async (t) => {
    t.strictSame(proveProcess(await me(t, host)), { kind: 'proven' })
  })
}

t.test('a process that listens at all addresses is proven at the loopback', withV6, async (t) => {
  for (const [host, loopback] of [
    ['0.0.0.0', '127.0.0.1'],
    ['::', '[::1]'],
    ['::', '127.0.0.1'],
    ['0.0.0.0', 'localhost'],
  ] as const) {
    const url = `http://${loopback}:${await listen(t, host)}`
    t.strictSame(
      proveProcess({ pid: process.pid, url, started_at: startedAt, uid }),
      { kind: 'proven' },
      host,
    )
  }
})

t.test('another process than the one that listens is refuted', async (t) => {
  const stranger = new Place(t).stranger()
  const claimed = { ...(await me(t)), pid: stranger.pid, started_at: new Date().toISOString() }
  t.match(proveProcess(claimed), { kind: 'refuted', reason: /does not listen at http:/ })
})

t.test('a process that listens at another address of the port is refuted', async (t) => {
  const { url, ...rest } = await me(t, '127.0.0.2')
  t.match(proveProcess({ ...rest, url: url.replace('127.0.0.2', '127.0.0.1') }), { kind: 'refuted' })
})

t.test('a process of another user than the owner of the file is refuted', async (t) => {
  t.match(proveProcess({ ...(await me(t)), uid: 12_345 }), { kind: 'refuted', reason: /another user/ })
})

t.test('a process that is gone is refuted', async (t) => {
  const pid = await new Place(t).deadPid()
  t.not(proveProcess({ ...(await me(t)), pid }).kind, 'proven')
})

for (const [what, afterMs] of [
  ['long before', -60_000],
  ['long after', 3_600_000],
] as const) {
  t.test(`a process that began ${what} the hub of the file is not proven`, async (t) => {
    const started_at = new Date(performance.timeOrigin + afterMs).toISOString()
    t.match(proveProcess({ ...(await me(t)), started_at }), { kind: 'untold', reason: /does not fit/ })
  })
}

t.test('a file that says nothing of the start, or nonsense, proves nothing', async (t) => {
  const { started_at: _, ...rest } = await me(t)
  t.match(proveProcess(rest), { kind: 'untold' })
  t.match(proveProcess({ ...rest, started_at: 'yesterday' }), { kind: 'untold' })
})

const hasLsof = spawnSync('lsof', ['-v'], { stdio: 'ignore' }).error === undefined
const withBoth = { skip: !(hasLsof && hasV6 && existsSync('/proc/self/stat')) && 'they are not all here' }

t.test('ps and lsof tell the same as /proc', withBoth, async (t) => {
  for (const host of ['127.0.0.1', '::1', '0.0.0.0', '::']) {
    const { url: bound } = await me(t, host)
    const url = bound.replace('0.0.0.0', '127.0.0.1').replace('[::]', '[::1]')
    for (const address of [url, 'http://127.0.0.1:1']) {
      const [proc, told] = [lookInProc(process.pid, address), lookByTools(process.pid, address)]
      t.equal(told.uid, proc.uid)
      t.equal(told.listens, proc.listens, `${address} of ${host}`)
      const apartMs = (told.startedAtMs ?? Number.NaN) - (proc.startedAtMs ?? Number.NaN)
      t.ok(Math.abs(apartMs) < 2_000, `${apartMs} ms apart`)
    }
  }
})
