// What is proved of `arc setup claude --http-hooks` in the real Claude Code: it calls the hub itself after tools and at a stop. A
// message stands in the next request exactly once, and counts as shown with the session's next call, not before. A hub that
// hangs, or is gone, holds up nothing.

import type { Receipt } from '../../../src/protocol/objects.js'
import type { Program } from './programs.js'
import { type Run, stage } from './stage.js'

export const HTTP_HOOKS = 'claude'

const [MID_TURN, LATE] = ['ARC-WHILE-A-TOOL-RUNS', 'ARC-WHILE-IT-WRITES']
/** The requests that hold each of them first. */
const [AT_TOOL, AT_STOP] = [2, 5]
const SCRIPT = [
  'shell',
  { shell: 'echo again' },
  { shell: 'echo and again' },
  { text: 'Finished one.', delayMs: 1_000 },
  { text: 'Finished two.' },
] as const

export interface HttpProof {
  readonly line: string
  readonly passed: boolean[]
}

/** @param installed the folder in which npm has installed Claude Code */
export async function proveHttpHooks(program: Program, installed: string): Promise<HttpProof> {
  const delivery = await delivered(program, installed)
  const hanging = await hung(program, installed)
  const what =
    delivery.passed && hanging.passed
      ? `a message while a tool runs, and one while it writes, each stand in the next request, once, and count as shown with the next call. A hub that hangs costs ${hanging.what}.`
      : `**no** (${delivery.what}; a hub that hangs: ${hanging.what})`
  const line = `\n${program.title} ${program.version} with \`--http-hooks\`: ${what}\n`
  return { line, passed: [delivery.passed, hanging.passed] }
}

interface Outcome {
  readonly passed: boolean
  readonly what: string
}

async function delivered(program: Program, installed: string): Promise<Outcome> {
  const room = await stage(program, installed)
  const { alice, agentId } = room
  try {
    const ids: number[] = []
    const post = async (body: string) => void ids.push((await alice.dm(agentId, body)).id)
    const receipts = () => Promise.all(ids.map(async (id) => (await alice.receipts(id))[0]))
    /** The receipts when each request came. */
    const seenAt: Promise<(Receipt | undefined)[]>[] = []
    const script = SCRIPT.map((step) => (step === 'shell' ? { shell: room.command } : step))
    const run = await room.run(
      script,
      (request) => {
        seenAt.push(receipts())
        if (request === 1) void room.whileRunning(() => post(MID_TURN))
        if (request === AT_STOP - 1) void post(LATE)
      },
      { setup: ['--project', '--http-hooks', '--agent', agentId] },
    )
    const states = (await Promise.all(seenAt)).map((all) => all.map((one) => one?.state))
    const last = await receipts()
    const isOnce = (body: string, from: number) =>
      timesIn(run, body).every((count, i) => count === (i + 1 < from ? 0 : 1))
    const passed =
      isOnce(MID_TURN, AT_TOOL) &&
      isOnce(LATE, AT_STOP) &&
      states[AT_TOOL - 1]?.[0] === 'offered' &&
      states[AT_TOOL]?.[0] === 'shown' &&
      states[AT_STOP - 1]?.[1] === 'offered' &&
      last[1]?.state === 'shown' &&
      last[0]?.via === 'claude tool' &&
      last[1]?.via === 'claude stop' &&
      (await alice.agent(agentId)).session === null
    const what = `in requests ${timesIn(run, MID_TURN)} and ${timesIn(run, LATE)}; ${JSON.stringify([states, last])}`
    return { passed, what }
  } finally {
    await room.close()
  }
}

const timesIn = ({ model }: Run, body: string): number[] =>
  model.requests.map((request) => request.split(`| ${body}`).length - 1)

/** The hub is stopped as a process while the program works: its turn goes on, without a word. */
async function hung(program: Program, installed: string): Promise<Outcome> {
  const room = await stage(program, installed)
  const { pid } = await room.alice.status()
  const requestedAt: number[] = []
  try {
    const run = await room.run(
      [{ shell: 'echo one' }, { shell: 'echo two' }, { text: 'Finished.' }],
      (request) => {
        requestedAt.push(Date.now())
        if (request === 1) process.kill(pid, 'SIGSTOP')
      },
      { setup: ['--project', '--http-hooks', '--agent', room.agentId] },
    )
    const waitedMs = (requestedAt[2] ?? Number.NaN) - (requestedAt[1] ?? 0)
    const passed = waitedMs < 4_000 && run.model.requests.length === 3
    return { passed, what: `${(waitedMs / 1_000).toFixed(1)} s a tool` }
  } finally {
    process.kill(pid, 'SIGCONT')
    await room.close()
  }
}
