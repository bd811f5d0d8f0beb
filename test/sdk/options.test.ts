// The SDK's own numbers, at the edges of their bounds: what does not fit is refused by name before anything is sent, and no
// wait that fits ends at once because a timer does not hold it.

import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { type Bounds, CLIENT_NUMBERS } from '../../src/protocol/numbers.js'
import { ArcClient } from '../../src/sdk/index.js'
import { pause } from '../../src/sdk/waiting.js'

/** Nothing listens there: whoever sends something learns that no hub answers. */
const baseUrl = 'http://127.0.0.1:9'
const client = new ArcClient('a', { baseUrl, retryFor: 0, timeout: 1 })
t.teardown(() => client.close())

/** Every option that is a number of the SDK's own, given to what takes it. */
const USES: [name: keyof typeof CLIENT_NUMBERS, what: string, use: (value: number) => unknown][] = [
  ['timeout', 'new ArcClient', (timeout) => new ArcClient('a', { baseUrl, timeout })],
  ['retryFor', 'new ArcClient', (retryFor) => new ArcClient('a', { baseUrl, retryFor })],
  ['timeout', 'overRelay', (timeout) => ArcClient.overRelay('a', { timeout })],
  ['pollIntervalSec', 'overRelay', (pollIntervalSec) => ArcClient.overRelay('a', { pollIntervalSec })],
  ['timeout', 'poll', (timeout) => client.poll({ timeout })],
  ['timeout', 'listMessages', (timeout) => client.listMessages({ channel: 'general', timeout })],
  ['timeout', 'call', (timeout) => client.call('b', 'x', { timeout })],
  ['concurrency', 'serve', (concurrency) => client.serve(() => 'x', { concurrency })],
]

for (const [name, what, use] of USES) {
  t.test(`${what}: ${name} beyond its bounds is refused by name`, async (t) => {
    const { min, max }: Bounds = CLIENT_NUMBERS[name]
    for (const value of [min - 1, max + 1, Number.NaN, Infinity, -Infinity, '5' as unknown as number]) {
      const wrong = { code: 'invalid_request', message: new RegExp(`^${name} must be`) }
      await t.rejects(async () => use(value), wrong, String(value))
    }
  })
}

for (const [what, options] of Object.entries({
  replyTo: { replyTo: Number.NaN },
  'replyTo, infinite': { replyTo: Infinity },
  parentTaskId: { parentTaskId: Number.NaN },
})) {
  t.test(`a number that JSON does not have is refused rather than left out: ${what}`, async (t) => {
    await t.rejects(client.post('x', options), { code: 'invalid_request' })
  })
}

t.test('a pause longer than a timer holds does not end at once', async (t) => {
  const leaving = new AbortController()
  const paused = pause(1e12, leaving.signal).then(
    () => 'over',
    () => 'left',
  )
  await delay(20)
  leaving.abort()
  t.equal(await paused, 'left')
})

/** What a program without types may give. */
const wrong = (value: unknown) => value as never

for (const [what, use] of Object.entries<() => unknown>({
  'the controller of a signal, to a poll': () => client.poll({ signal: wrong(new AbortController()) }),
  'the controller of a signal, to a lock': () => client.lock('x', { wait: 1, signal: wrong({}) }),
  'no agent': () => client.agent(wrong(null)),
  'a mailbox that is a number': () => client.mailbox(wrong(5)),
  'an empty agent': () => client.agent(''),
  'an empty thread': () => client.getThread(' '),
  'no path': () => client.lock(wrong(undefined)),
  'an empty path': () => client.unlock(''),
  'no work': () => client.withLock('x', wrong(undefined)),
  'no globs': () => client.scope(wrong(undefined)),
  'an empty glob': () => client.scope(['']),
  'a path of scopes that is a number': () => client.listScopes({ path: wrong(5) }),
  'an empty slot': () => client.slot(''),
  'no claim': () => client.claim(wrong(undefined)),
  'an empty claim': () => client.release(' '),
  'no agent for a call': () => client.call(wrong(undefined), 'x'),
  'a start in seconds': () => client.register({ process: { pid: 1, startedAt: Date.now() / 1_000 } }),
  'a start that is no time': () => client.register({ process: { pid: 1, startedAt: 'yesterday' } }),
  'no name of a client over files': () => ArcClient.overRelay(wrong(undefined)),
})) {
  t.test(`what is not even of its type is refused before anything is sent: ${what}`, async (t) => {
    await t.rejects(async () => use(), { name: 'ArcError', code: 'invalid_request', message: /must/ })
  })
}

t.test('one signal serves any number of calls', async (t) => {
  const warnings: Error[] = []
  const onWarning = (warning: Error) => warnings.push(warning)
  process.on('warning', onWarning)
  t.teardown(() => process.off('warning', onWarning))
  const { signal } = new AbortController()
  await Promise.allSettled(Array.from({ length: 30 }, () => client.hubInfo({ signal })))
  await delay(20)
  t.strictSame(warnings, [])
})
