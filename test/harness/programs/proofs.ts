// What is proved in a real program, in two runs of it: what it hands to its model and when the receipts say so, what the model
// does by Arc's tools, and what is left when it ends or is killed.

import { proveHeldEdit, proveRefusal } from './held-edits.js'
import type { Program } from './programs.js'
import { NAMES, type Proof } from './proof.js'
import { type Run, type Stage, stage } from './stage.js'

const ENDED_MS = 3_000
const IDLE_MS = 60_000
const WOKEN_MS = 20_000
const STOPPING_MS = 10_000
const WAKE_BODY = 'ARC-WHILE-IT-IS-IDLE'
const BODIES = ['ARC-BEFORE-THE-START', 'ARC-WHILE-A-TOOL-RUNS', 'ARC-WHILE-IT-WRITES'] as const
/** The requests before which a hook, or the plugin, hands over each of them. */
const DUE = [1, 2, 6] as const
const LAST_ANSWER = 5

export async function proofsOf(program: Program, installed: string): Promise<Proof[]> {
  const proofs: Proof[] = []
  for (const prove of [proveWork, proveKill, proveWake, proveHeldEdit, proveRefusal]) {
    const room = await stage(program, installed)
    try {
      proofs.push(...(await prove(program, room)))
    } catch (error) {
      console.log(`${program.harness}, ${prove.name}:`, error) // its cells say that they were not proved
    } finally {
      await room.close()
    }
  }
  return proofs
}

/** Three messages, each at another moment, and a job done by tools. */
async function proveWork(program: Program, room: Stage): Promise<Proof[]> {
  const { alice, agentId } = room
  const post = async (i: number) => void (await alice.dm(agentId, BODIES[i] as string))
  await post(0)
  const { id: task } = await alice.createTask('count the files')
  const script = [
    { shell: room.command },
    { tool: 'arc_post', args: { text: 'I count the files', to: 'alice' } },
    { tool: 'arc_tasks', args: { action: 'next' } },
    { tool: 'arc_tasks', args: { action: 'done', id: task, text: 'there are three' } },
    { text: 'Finished one.', delayMs: 1_500 },
    { text: 'Finished two.' },
  ]
  /** Which messages were shown when each request came. */
  const shownAt: Promise<boolean[]>[] = []
  let taker: Promise<string | undefined> = Promise.resolve(undefined)
  const run = await room.run(script, (request) => {
    shownAt.push(receiptsOf(room).then((all) => all.map((receipt) => receipt?.state === 'shown')))
    if (request === 1) void room.whileRunning(() => post(1))
    if (request === 4) taker = alice.agent(agentId).then(({ claims }) => claims[0]?.claim_key)
    if (request === LAST_ANSWER) void post(2)
  })
  const closedMs = await msUntil(run, async () => (await alice.agent(agentId)).session === null)
  const receipts = await receiptsOf(room)
  const shown = await Promise.all(shownAt)

  const handedOver = BODIES.map((body, i): Proof => {
    const [name, due] = [NAMES[i] as Proof['name'], DUE[i] as number]
    const moments = [program.moments[i] ?? []].flat()
    const times = run.model.requests.map((request) => request.split(`| ${body}`).length - 1)
    const receipt = receipts[i]
    if (moments.length === 0) {
      const isKept = times.every((count) => count === 0) && receipt?.state === 'queued'
      return { name, passed: isKept, what: 'it has no such moment; the message waits for the next one' }
    }
    const isEarly =
      times.slice(0, due - 1).some((count) => count > 0) || shown.slice(0, due - 1).some((all) => all[i])
    const isDue =
      times[due - 1] === 1 &&
      receipt?.state === 'shown' &&
      moments.some((moment) => receipt.via === `${program.harness} ${moment}`)
    const isHeldOnce = i !== 2 || run.model.requests.length === script.length
    const tookMs = Date.parse(receipt?.shown_at ?? '') - Date.parse(receipt?.queued_at ?? '')
    const passed = !isEarly && isDue && isHeldOnce
    const held = i === 2 ? 'the turn goes on once; ' : ''
    const seen = `${receipt?.state} by ${receipt?.via}; in requests ${times.join(', ')}`
    return {
      name,
      passed,
      what: passed ? `${held}shown, once${i === 1 ? `, after ${tookMs} ms` : ''}` : seen,
    }
  })
  return [...handedOver, await workProof(room, run, task, await taker), endProof(closedMs)]
}

function endProof(closedMs: number | undefined): Proof {
  const passed = closedMs !== undefined
  return {
    name: 'it ends',
    passed,
    what: passed ? `session closed after ${seconds(closedMs)}` : 'session still open',
  }
}

/** A message, a claim, and a task that is done: all by tools. */
async function workProof(room: Stage, run: Run, task: number, claim: string | undefined): Promise<Proof> {
  const { alice, agentId } = room
  const said = (await alice.inbox())
    .filter(({ from_agent }) => from_agent === agentId)
    .map(({ body }) => body)
  const done = (await alice.listTasks({ status: 'done' })).some(({ task_id }) => task_id === task)
  const passed = said.includes('I count the files') && claim === `task-${task}` && done
  const name = [...run.model.toolNames].find((one) => one.endsWith('arc_post'))
  const what = passed
    ? `posts, claims, completes: \`${name}\``
    : `said ${said}, claimed ${claim}, done ${done}`
  return { name: "Arc's tools", passed, what }
}

/** The program is killed while its tool runs, with all that it has started. */
async function proveKill(_: Program, room: Stage): Promise<Proof[]> {
  const { alice, agentId } = room
  const script = [{ tool: 'arc_hold', args: { lock: 'src/held.ts' } }, { shell: room.command }]
  const isHeld = async () => (await alice.listLocks({ activeOnly: true })).length > 0
  const run = await room.run(script, () => {}, { until: async () => room.isRunning() && (await isHeld()) })
  const freeMs = await msUntil(
    run,
    async () => !(await isHeld()) && (await alice.agent(agentId)).session === null,
  )
  const passed = room.isRunning() && freeMs !== undefined
  const what = passed
    ? `lock free, session closed after ${seconds(freeMs)}`
    : room.isRunning()
      ? 'still there'
      : 'its tool did not run'
  return [{ name: 'it is killed', passed, what }]
}

/** A message for an idle program wakes it, and stands in its next requests. */
async function proveWake({ harness, wakes }: Program, room: Stage): Promise<Proof[]> {
  const name = 'it is idle'
  if (!wakes) return [{ name, passed: true, what: 'it hears at its next turn' }]
  const { alice, agentId } = room
  const script = [
    ...(wakes.background ? [{ shell: room.waitCommand, background: true } as const] : []),
    { text: 'Finished one.' },
    { text: 'Finished two.' },
    { text: 'Finished three.' },
  ]
  const asleep = script.length - 2
  const what = await room.inTerminal(script, async (model) => {
    const isIdle = async () =>
      model.requests.length >= asleep && (await alice.status()).waiting_agents.includes(agentId)
    // Its hook at the stop comes after the answer; a command in the background waits from before.
    if (wakes.background) await new Promise((resolve) => setTimeout(resolve, STOPPING_MS))
    if (!(await holds(isIdle, IDLE_MS))) return `nothing waits for it after ${model.requests.length} requests`
    const { id } = await alice.dm(agentId, WAKE_BODY)
    const isShown = async () => (await alice.receipts(id))[0]?.state === 'shown'
    await holds(isShown, WOKEN_MS)
    const [receipt] = await alice.receipts(id)
    const isTold = () => Promise.resolve(model.requests.some((request) => request.includes(`| ${WAKE_BODY}`)))
    const isInRequest = await holds(isTold, WOKEN_MS)
    const tookMs = Date.parse(receipt?.shown_at ?? '') - Date.parse(receipt?.queued_at ?? '')
    const isProved = receipt?.state === 'shown' && receipt.via?.startsWith(harness) && isInRequest
    return isProved
      ? { tookMs, via: receipt.via }
      : `${receipt?.state} by ${receipt?.via}, ${isInRequest ? '' : 'not '}in a request`
  })
  if (typeof what === 'string') return [{ name, passed: false, what }]
  return [{ name, passed: true, what: `woken; shown by ${what.via} after ${seconds(what.tookMs)}` }]
}

async function holds(condition: () => Promise<boolean>, ms: number): Promise<boolean> {
  for (const deadline = Date.now() + ms; Date.now() < deadline; ) {
    if (await condition()) return true
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return false
}

/** The receipts of the three messages; undefined for one that is not posted yet. */
async function receiptsOf({ alice, agentId, url }: Stage) {
  const response = await fetch(`${url}/v1/inbox/${agentId}`)
  const { result } = (await response.json()) as { result: { id: number; body: string }[] }
  return Promise.all(
    BODIES.map(async (body) => {
      const posted = result.find((message) => message.body === body)
      return posted && (await alice.receipts(posted.id))[0]
    }),
  )
}

/** Milliseconds from the end of a run; undefined if the condition does not hold in time. */
async function msUntil({ endedAt }: Run, holds: () => Promise<boolean>): Promise<number | undefined> {
  while (Date.now() - endedAt < ENDED_MS) {
    if (await holds()) return Date.now() - endedAt
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return undefined
}

const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`
