// Whatever is sent to it, over sockets or by files, a hub answers in the protocol's words, stays the same process, forgets
// nothing that it has acknowledged, and needs no more memory for it.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import SqliteDatabase from 'better-sqlite3'
import t from 'tap'
import { PROGRAM } from '../../src/package.js'
import type { HubStatus, Message, Shutdown } from '../../src/protocol/objects.js'
import { Calls, resultOf } from '../support/calls.js'
import { Random, rounds } from '../support/campaign.js'
import { ownFolder } from '../support/folder.js'
import { wrongWith, wrongWithFile, wrongWithHttp } from '../support/fuzz/checks.js'
import { exchange, Files } from '../support/fuzz/files.js'
import { type Conversation, Conversations, converse } from '../support/fuzz/http.js'
import { Requests } from '../support/fuzz/requests.js'
import { Values } from '../support/fuzz/values.js'
import { startHubProcess, startScript } from '../support/processes.js'
import { RawAgent } from '../support/raw-agent.js'
import { percentile, until } from '../support/waiting.js'

const REQUESTS = rounds(600, 100_000)
/** Of a batch: conversations over sockets, on so many sockets at once, and files for each of the agents. */
const CONVERSATIONS = 200
const SOCKETS = 8
const FILES = 15
const LISTINGS = [
  'agents',
  'channels',
  'threads',
  'claims',
  'locks',
  'tasks',
  'shutdown',
  'bootstrap?agent_id=a',
]
/** So many batches, and more, tell whether memory grows, and by what share it may. */
const BATCHES = 40
const GROWTH = 1.25
/** Wrong answers that are shown. */
const SHOWN = 10

t.setTimeout(rounds(120_000, 3_600_000))
const random = new Random()
t.comment(`${REQUESTS} requests, ARC_TEST_SEED=${random.seed}`)

const folder = ownFolder(t)
const storagePath = join(folder, 'arc.sqlite3')
const spool = join(folder, 'spool')
const hub = await startHubProcess(t, [
  ...['--storage', storagePath, '--port', '0', '--spool-dir', spool],
  ...['--log-level', 'warn', '--request-ttl-sec', '3600'],
])
const port = Number(new URL(hub.url).port)
const outside = join(folder, 'outside')
const relay = startScript(t, pathToFileURL(PROGRAM), ['relay', '--base-url', hub.url, '--spool-dir', outside])
await until('the relay to serve', () => relay.log.some((line) => line.includes('arc-hub')))

const calls = new Calls(t, hub.url, 2)
const before = resultOf(await calls.get<HubStatus>('/v1/status'))
const values = new Values(random)
const requests = new Requests(values)
const conversations = new Conversations(values, requests, port)
const files = new Files(values, requests)
const agents = [new RawAgent(spool, 'a'), new RawAgent(spool, 'b'), new RawAgent(outside, 'a')]

const wrong: string[] = []
const acknowledged = new Map<number, Message>()
const statuses = new Map<number, number>()
let sent = 0

function noteWrong(what: string, request: string, answer: string): void {
  if (wrong.length < SHOWN)
    wrong.push(`${what}\n  asked: ${request.slice(0, 1_500)}\n  answered: ${answer.slice(0, 1_500)}`)
}

function noteAnswer(status: number, text: string, route: string | undefined): void {
  statuses.set(status, (statuses.get(status) ?? 0) + 1)
  if (route !== 'POST /v1/messages' || status !== 201) return
  const { result } = JSON.parse(text) as { result: Message }
  acknowledged.set(result.id, result)
}

async function speak(conversation: Conversation): Promise<void> {
  const asked = conversation.requests
  const said = JSON.stringify(Buffer.concat(asked.map(({ bytes }) => bytes)).toString('latin1'))
  const { answers, isClosed, rest, isLate } = await converse(port, conversation)
  sent += asked.length
  for (const [i, answer] of answers.entries()) {
    const request = asked[i]
    const shown = `${answer.status} ${[...answer.headers]} ${answer.body}`
    if (!request) {
      // What follows a request that is not proper is none, and is refused.
      if (asked.at(-1)?.isProper || answer.status !== 400) noteWrong('an answer to nothing', said, shown)
      return
    }
    const problem = wrongWithHttp(answer, request, before.instance_id)
    if (problem) noteWrong(problem, said, shown)
    noteAnswer(answer.status, answer.body, request.isProper ? request.route : undefined)
  }
  if (conversation.ending === 'leave') return
  if (isLate) return noteWrong('it is not answered', said, rest)
  // A HEAD that is no proper request is refused with a body: the parser has not told the hub its method.
  if (isClosed && rest !== '' && asked.at(-1)?.isProper) noteWrong('something that is no answer', said, rest)
  const isCut = answers.some(({ headers }) => headers.get('connection') === 'close')
  const proper = asked.filter(({ isProper }) => isProper).length
  if (answers.length < proper && !isCut && !answers.at(-1)?.isStream)
    noteWrong('some are not answered', said, rest)
}

async function submit(agent: RawAgent, count: number): Promise<void> {
  const batch = Array.from({ length: count }, () => files.next())
  const texts = await exchange(agent, batch)
  sent += batch.length
  for (const [i, text] of texts.entries()) {
    const file = batch[i]
    const problem = wrongWithFile(text, undefined)
    if (problem) noteWrong(problem, JSON.stringify(file?.content.toString('latin1')), text)
    const { status, body } = JSON.parse(text)
    noteAnswer(status, JSON.stringify(body), undefined)
  }
}

/** The hub is the one that it was, all of its listings can be read, and what was acknowledged as well. */
async function look(): Promise<void> {
  const status = resultOf(await calls.get<HubStatus>('/v1/status'))
  t.same([status.pid, status.instance_id], [before.pid, before.instance_id], 'the hub is the same')
  for (const listing of LISTINGS) {
    const { status, envelope } = await calls.get(`/v1/${listing}`)
    const route = `GET /v1/${listing.split('?')[0]}`
    const problem = status === 200 ? wrongWith(status, JSON.stringify(envelope), route) : `${status}`
    if (problem) noteWrong(problem, route, JSON.stringify(envelope))
  }
  const some = [...acknowledged.values()].slice(-5)
  for (const message of some) {
    const { id, to_agent, channel } = message
    const path = to_agent === null ? '/v1/messages' : `/v1/inbox/${encodeURIComponent(to_agent)}`
    const query = { since_id: id - 1, limit: 1, ...(to_agent === null ? { channel } : {}) }
    const [found] = resultOf(await calls.get<Message[]>(path, query))
    if (JSON.stringify(found) !== JSON.stringify(message))
      noteWrong('an acknowledged message reads otherwise', JSON.stringify(message), JSON.stringify(found))
  }
  const pending = resultOf(await calls.get<Shutdown | null>('/v1/shutdown'))
  if (pending) resultOf(await calls.post('/v1/shutdown/cancel', {}))
}

function residentMb(pid: number): number {
  const [, kb] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Math.round(Number(kb) / 1_024)
}

t.test(`${REQUESTS} requests of every kind`, async (t) => {
  const startedAt = performance.now()
  const memory: number[] = []
  while (sent < REQUESTS && wrong.length === 0) {
    const planned = Array.from({ length: CONVERSATIONS }, () => conversations.next(6))
    const batches = agents.map((agent) => () => submit(agent, FILES))
    const say = async () => {
      for (let next = planned.shift(); next; next = planned.shift()) await speak(next)
    }
    await Promise.all([...Array.from({ length: SOCKETS }, say), ...batches.map((batch) => batch())])
    await look()
    memory.push(residentMb(hub.pid))
  }
  const seconds = Math.round((performance.now() - startedAt) / 1_000)
  const shown = [...statuses].sort(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`)
  t.comment(`${sent} requests in ${seconds} s; ${shown.join(', ')}`)
  const half = (from: number) =>
    percentile(memory.slice(from * memory.length, (from + 0.5) * memory.length), 0.5)
  t.comment(
    `resident MB: ${memory[0]} at first, medians ${half(0)} and ${half(0.5)} of the halves, ${memory.at(-1)} at last`,
  )
  if (memory.length >= BATCHES) t.ok(half(0.5) <= GROWTH * half(0), 'memory is level')
  t.strictSame(wrong, [], 'every answer is as it has to be')
  t.strictSame(
    hub.log.filter((line) => /"level":"(error|fatal)"|ended/.test(line)),
    [],
    'nothing has failed within',
  )
  const after = resultOf(await calls.get<HubStatus>('/v1/status'))
  t.same([after.pid, after.started_at], [before.pid, before.started_at], 'the hub is the same')
  t.match(await hub.end('SIGTERM'), { code: 0 })
  const database = new SqliteDatabase(storagePath, { readonly: true })
  t.teardown(() => database.close())
  const find = database.prepare<[number], { body: string; from_agent: string }>(
    'SELECT body, from_agent FROM messages WHERE id = ?',
  )
  const lost = [...acknowledged.values()].filter(({ id, body, from_agent }) => {
    const row = find.get(id)
    return row?.body !== body || row.from_agent !== from_agent
  })
  t.strictSame(lost, [], `all ${acknowledged.size} messages that were acknowledged are stored`)
})
