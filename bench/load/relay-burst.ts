// Agents behind the file relay, in a process of their own: they submit all their posts at once, then look for the
// answers, by bare file operations. The job and the result cross IPC.

import { randomUUID } from 'node:crypto'
import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { putFile, readAnswer } from '../file-client.js'
import { answerJob } from '../processes.js'

export interface BurstJob {
  readonly spoolDir: string
  readonly agents: number
  readonly postsEach: number
}

export interface RelayResult {
  readonly requests: number
  readonly seconds: number
  /** Milliseconds from a post's submission to its answer. */
  readonly latenciesMs: readonly number[]
}

const LOOK_MS = 2
const GIVE_UP_MS = 120_000

interface Agent {
  readonly requests: string
  readonly responses: string
  /** When each post without an answer was submitted. */
  readonly unanswered: Map<string, number>
}

answerJob(async ({ spoolDir, agents, postsEach }: BurstJob): Promise<RelayResult> => {
  const run = randomUUID().slice(0, 8)
  const crew = Array.from({ length: agents }, (_, i): Agent => {
    const name = `agent-${i}-${run}`
    const folder = (kind: string) => join(spoolDir, kind, name)
    for (const kind of ['requests', 'responses']) mkdirSync(folder(kind), { recursive: true })
    return { requests: folder('requests'), responses: folder('responses'), unanswered: new Map() }
  })
  const latenciesMs: number[] = []
  const startedAt = performance.now()
  for (let i = 0; i < postsEach; i++)
    for (const agent of crew) submit(agent, `post-${String(i).padStart(6, '0')}`)
  while (crew.some(({ unanswered }) => unanswered.size > 0)) {
    for (const agent of crew) look(agent, latenciesMs)
    if (performance.now() - startedAt > GIVE_UP_MS) throw new Error('not all posts were answered')
    await pause(LOOK_MS)
  }
  const seconds = (performance.now() - startedAt) / 1_000
  return { requests: latenciesMs.length, seconds, latenciesMs }
})

function submit({ requests, unanswered }: Agent, stem: string): void {
  unanswered.set(stem, performance.now())
  const request = {
    request_id: stem,
    agent_id: 'bench',
    method: 'POST',
    path: '/v1/messages',
    body: { from_agent: 'bench', channel: 'general', body: `${stem} ${'x'.repeat(180)}` },
    created_at: new Date().toISOString(),
  }
  putFile(requests, stem, JSON.stringify(request))
}

function look({ responses, unanswered }: Agent, latenciesMs: number[]): void {
  if (unanswered.size === 0) return
  for (const name of readdirSync(responses)) {
    const stem = name.replace(/\.json$/, '')
    const submittedAt = unanswered.get(stem)
    if (submittedAt === undefined) continue
    const { status } = readAnswer(responses, stem) as { status: number }
    if (status !== 201) throw new Error(`a post was answered with ${status}`)
    latenciesMs.push(performance.now() - submittedAt)
    unanswered.delete(stem)
  }
}
