// Many readers of the stream at once: each gets each message once and in order, also across a crash of the
// gateway, after which it comes back with Last-Event-ID. One that stops reading is cut off; nobody else notices.

import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import t from 'tap'
import type { HubStatus } from '../../src/protocol/objects.js'
import { Calls, resultOf } from '../support/calls.js'
import { isFull, rounds } from '../support/campaign.js'
import { EventReader } from '../support/event-reader.js'
import { ownFolder } from '../support/folder.js'
import { startTestHub } from '../support/hub.js'
import { steadyPort } from '../support/ports.js'
import { startHubProcess } from '../support/processes.js'
import { until } from '../support/waiting.js'

const READERS = rounds(20, 200)
const MESSAGES = rounds(500, 5_000)
const POSTERS = 16
const DEADLINE_MS = 90_000
/** Messages that a reader that stops reading misses: far more than sockets buffer. */
const MISSED = rounds(3_000, 20_000)
const MISSED_BODY = 'x'.repeat(4_000)

t.jobs = 2

/** Posts from several agents at once; resolves when all are acknowledged. */
async function postAll(calls: Calls, count: number, body = 'message'): Promise<void> {
  let sent = 0
  const post = async (from_agent: string) => {
    while (sent < count) {
      const number = ++sent
      await calls.say({ from_agent, body: `${body} ${number}` }, { key: `${body.slice(-6)}-${number}` })
    }
  }
  await Promise.all(Array.from({ length: POSTERS }, (_, i) => post(`poster-${i}`)))
}

/** A reader that connects again, after the last event that it has, until it is told to stop. */
class FaithfulReader {
  readonly ids: number[] = []
  connects = 0
  #current: EventReader | undefined
  #stopped = false
  #lastId: string | undefined

  constructor(url: string) {
    void this.#read(url)
  }

  stop(): void {
    this.#stopped = true
    this.#current?.close()
  }

  async #read(url: string): Promise<void> {
    while (!this.#stopped) {
      const reader = new EventReader(url, this.#lastId === undefined ? {} : { 'last-event-id': this.#lastId })
      this.#current = reader
      this.connects++
      let taken = 0
      const take = () => {
        for (; taken < reader.events.length; taken++) {
          this.#lastId = reader.events[taken]?.id
          this.ids.push(JSON.parse(reader.events[taken]?.data ?? '{}').id)
        }
        return reader.ended || this.#stopped
      }
      await until('the stream to end', take, 10 * DEADLINE_MS)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

t.test(
  'each of many readers gets each message once and in order, across a crash of the gateway',
  async (t) => {
    const hub = await startTestHub(t, { port: await steadyPort() })
    const calls = new Calls(t, hub.url)
    const readers = Array.from(
      { length: READERS },
      (_, i) => new FaithfulReader(`${hub.url}/v1/stream?agent_id=reader-${i}`),
    )
    t.teardown(() => {
      for (const reader of readers) reader.stop()
    })
    await calls.waiting(READERS)
    await postAll(calls, MESSAGES / 2, 'before')
    const killed = hub.kill('gateway')
    await killed
    await until('the gateway to be back', () =>
      calls.get('/v1/status').then(
        () => true,
        () => false,
      ),
    )
    await postAll(calls, MESSAGES / 2, 'behind')
    const stored = (await calls.everythingIn('general')).map(({ id }) => id)
    t.equal(stored.length, MESSAGES)
    const startedAt = performance.now()
    await until(
      'all readers to have everything',
      () => readers.every(({ ids }) => ids.length >= stored.length),
      DEADLINE_MS,
    )
    t.comment(
      `${READERS} readers had ${MESSAGES} messages ${Math.round(performance.now() - startedAt)} ms after the last post`,
    )
    const wrong = readers.filter(
      ({ ids }) => ids.length !== stored.length || ids.some((id, i) => id !== stored[i]),
    )
    t.equal(wrong.length, 0, 'each once, in order')
    t.ok(
      readers.every(({ connects }) => connects > 1),
      'each had to connect again',
    )
  },
)

t.test(
  'a reader that stops reading is cut off, costs no memory, and the others notice nothing',
  async (t) => {
    const storage = `${ownFolder(t)}/arc.sqlite3`
    const hub = await startHubProcess(t, ['--storage', storage, '--port', '0', '--log-level', 'warn'])
    const calls = new Calls(t, hub.url)
    const stalled = await openAndStop(hub.url)
    t.teardown(() => stalled.destroy())
    const other = new EventReader(`${hub.url}/v1/stream?agent_id=other`)
    t.teardown(() => other.close())
    await calls.waiting(2)

    await postAll(calls, MISSED / 4, MISSED_BODY)
    const early = residentMb(hub.pid)
    await postAll(calls, MISSED, `${MISSED_BODY}again`)
    await other.has(MISSED / 4 + MISSED, DEADLINE_MS)
    const late = residentMb(hub.pid)
    const volume = Math.round((MISSED * MISSED_BODY.length) / 2 ** 20)
    t.comment(`${early} MB early, ${late} MB after ${volume} MB more of messages`)
    t.ok(!isFull || late - early < volume, 'what it does not read is not kept for it')

    const openStreams = async () => resultOf(await calls.get<HubStatus>('/v1/status')).open_streams
    await until('the hub to give it up', async () => (await openStreams()) === 1, DEADLINE_MS)
    const closed = new Promise((resolve) => stalled.once('close', resolve))
    stalled.on('error', () => {}).resume()
    await closed
    const more = await calls.say({ body: 'still there?' })
    await until('the other to have what came last', () => other.messages.at(-1)?.id === more.id)
    t.notOk(other.ended, 'the other reader has kept its connection')
  },
)

/** Asks for the stream over a bare socket and reads nothing of it. */
function openAndStop(url: string): Promise<Socket> {
  const { hostname, port, host } = new URL(url)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => {
      socket.pause()
      socket.write(`GET /v1/stream?agent_id=stalled HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
      resolve(socket)
    })
    socket.once('error', reject)
  })
}

function residentMb(pid: number): number {
  const [, kb = '0'] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Math.round(Number(kb) / 1_024)
}
