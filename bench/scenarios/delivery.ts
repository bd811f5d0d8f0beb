// From a message to a model: how soon a hook has handed over what was sent, for each harness and moment, with the hook called
// as the harness calls it, in turns with a Node process that does nothing. And what it costs the model, in tokens. How soon
// the real programs are, `npm run test:harness` says.

import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client, request } from 'undici'
import { PACKAGE_ROOT } from '../../src/package.js'
import type { Message, Receipt } from '../../src/protocol/objects.js'
import type { Bench, Scenario } from '../bench.js'
import { makeFolder } from '../folders.js'
import { result } from '../hubs.js'
import type { Goal } from '../report.js'
import { percentile } from '../statistics.js'

const programAt = (name: string) => fileURLToPath(new URL(`./dist/program/${name}`, PACKAGE_ROOT))
const CLAUDE_LIKE = { start: 'SessionStart', prompt: 'UserPromptSubmit', tool: 'PostToolUse', stop: 'Stop' }
/** The events of each harness, by the moments at which it takes a text. */
const EVENTS = {
  claude: { ...CLAUDE_LIKE, tool: 'PostToolBatch' },
  codex: CLAUDE_LIKE,
  gemini: { start: 'SessionStart', prompt: 'BeforeAgent', tool: 'AfterTool', stop: 'AfterAgent' },
  qwen: CLAUDE_LIKE,
  copilot: CLAUDE_LIKE,
  cursor: { start: 'sessionStart', tool: 'postToolUse', stop: 'stop' },
} as const satisfies Record<string, { start: string; [moment: string]: string }>
const BODY = 'The parser now takes empty lines; run the tests of src/parse before you push. '.repeat(3).trim()
const MANY = 10
const HANG_MS = 10_000

export const delivery: Scenario = {
  name: 'delivery',
  about: 'from a message to a model, by the hooks of each harness; bare: a Node process that does nothing',
  run: (bench) =>
    bench.withHubs(async ([hub]) => {
      if (!hub) return
      const count = bench.quick ? 2 : 20
      const tokens = await counter(bench)
      // What a person says always holds a stop. That of an agent would soon meet the loop guard.
      const person = { agent_id: 'bench-sender', capabilities: ['operator'], replace: true }
      await posted(hub.url, '/v1/sessions', person)
      for (const [harness, events] of Object.entries(EVENTS)) {
        const session = new Session(hub.url, harness, events)
        await session.call('start')
        for (const moment of Object.keys(events).filter((name) => name !== 'start'))
          await latencies(bench, session, moment, count)
        if (harness === 'claude') await costs(bench, session, tokens)
      }
      await byHttp(bench, hub.url)
      const tools = await toolList(hub.url)
      tokens('MCP tool list', tools)
    }),
}

class Session {
  readonly harness: string
  readonly agent: string
  readonly #url: string
  readonly #events: Readonly<Record<string, string>>
  readonly #folder = makeFolder()
  #sessions = 1

  constructor(url: string, harness: string, events: Readonly<Record<string, string>>) {
    this.harness = harness
    this.agent = `bench-${harness}`
    this.#url = url
    this.#events = events
    mkdirSync(join(this.#folder, 'work'))
  }

  /** Begins another session of the same agent. */
  async renew(): Promise<void> {
    this.#sessions++
    await this.call('start')
  }

  /** What the hook prints at a moment. */
  call(moment: string, more: object = {}): Promise<string> {
    const cwd = join(this.#folder, 'work')
    const payload = {
      session_id: `bench-${this.#sessions}`,
      cwd,
      hook_event_name: this.#events[moment],
      ...more,
    }
    const env = { PATH: process.env.PATH, ARC_BASE_URL: this.#url, XDG_STATE_HOME: this.#folder }
    return output([programAt('hook.cjs'), this.harness, '--agent', this.agent], JSON.stringify(payload), env)
  }

  post(body: string): Promise<Message> {
    return posted(this.#url, '/v1/messages', { from_agent: 'bench-sender', to_agent: this.agent, body })
  }

  async receipt({ id }: Message): Promise<Receipt> {
    const [receipt] = await result<Receipt[]>(this.#url, `/v1/messages/${id}/receipts`)
    if (!receipt) throw new Error(`message ${id} has no receipt`)
    return receipt
  }
}

async function posted<T>(url: string, path: string, content: object): Promise<T> {
  const { statusCode, body } = await request(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(content),
  })
  if (statusCode !== 201) throw new Error(`POST ${path}: ${statusCode} ${await body.text()}`)
  return ((await body.json()) as { result: T }).result
}

/** Sent → shown, by the hub's own times. At a stop the next event proves it, so there the text's way out counts. */
async function latencies(bench: Bench, session: Session, moment: string, count: number): Promise<void> {
  const hub: number[] = []
  const bare: number[] = []
  for (let i = 0; i < count; i++) {
    bench.progress(`${session.harness} ${moment}, ${i + 1} of ${count}`)
    if (moment === 'stop') await session.renew() // a session holds three stops in a row at most
    const bareAt = performance.now()
    await output(['-e', '0'], '', process.env)
    bare.push(performance.now() - bareAt)
    const sentAt = performance.now()
    const message = await session.post(BODY)
    const text = await session.call(moment)
    const outAt = performance.now()
    if (!text.includes('| The parser')) throw new Error(`${session.harness} ${moment} handed over nothing`)
    if (moment === 'stop') await session.call('tool')
    const { state, shown_at: shownAt, queued_at: queuedAt } = await session.receipt(message)
    if (state !== 'shown' || shownAt === null) throw new Error(`${session.harness} ${moment}: ${state}`)
    hub.push(moment === 'stop' ? outAt - sentAt : Date.parse(shownAt) - Date.parse(queuedAt))
  }
  const what = moment === 'stop' ? 'sent → handed over' : 'sent → shown'
  record(bench, `${session.harness}, ${moment}`, what, { bare, hub })
}

/** The hook that Claude Code calls by HTTP itself: with nothing to say, and with a message. */
async function byHttp(bench: Bench, url: string): Promise<void> {
  const agent_id = 'bench-http'
  const client = new Client(url)
  const post = async (path: string, body: object) => {
    const headers = { 'content-type': 'application/json' }
    const answer = await client.request({ method: 'POST', path, headers, body: JSON.stringify(body) })
    return answer.body.text()
  }
  const call = () =>
    post(`/v1/hooks/claude/${agent_id}`, { session_id: 'bench', hook_event_name: 'PostToolBatch' })
  const [nothing, message]: [number[], number[]] = [[], []]
  try {
    await post('/v1/sessions', { agent_id, reuse: true })
    await call()
    for (let i = 0; i < (bench.quick ? 50 : 500); i++) {
      const startedAt = performance.now()
      await call()
      nothing.push(performance.now() - startedAt)
      const sentAt = performance.now()
      await post('/v1/messages', { from_agent: 'bench-sender', to_agent: agent_id, body: BODY })
      if (!(await call()).includes('| The parser')) throw new Error('the HTTP hook handed over nothing')
      message.push(performance.now() - sentAt)
      await call()
    }
  } finally {
    await client.close()
  }
  const of = 'claude by HTTP, tool'
  record(bench, of, 'nothing to say', { hub: nothing }, { of: 'value', atMost: 3 })
  record(bench, of, 'sent → handed over', { hub: message })
}

/** Records p50, which may have a goal, and p95. */
function record(
  bench: Bench,
  of: string,
  what: string,
  samples: { bare?: number[]; hub: number[] },
  goal?: Goal,
): void {
  for (const [name, share] of [
    ['p50', 0.5],
    ['p95', 0.95],
  ] as const) {
    const entries = Object.entries(samples).map(([who, all]) => {
      const sorted = [...all].sort((a, b) => a - b)
      return [who, [percentile(sorted, share)]] as const
    })
    const values = Object.fromEntries(entries)
    bench.record({ of, what: `${what} ${name}`, unit: 'ms', values, goal: name === 'p50' ? goal : undefined })
  }
}

/** Records what texts cost a model. */
type Count = (of: string, text: string, share?: number) => void

async function costs(bench: Bench, session: Session, tokens: Count): Promise<void> {
  bench.progress('tokens')
  await session.post(BODY)
  tokens('one message', contextOf(await session.call('tool')))
  for (let i = 0; i < MANY; i++) await session.post(BODY)
  tokens(`one of ${MANY} messages`, contextOf(await session.call('tool')), MANY)
  // An hour in which nobody writes: whatever the model does meanwhile, the hooks have nothing to say.
  const silence = [await session.call('prompt', { prompt: 'go on' })]
  for (let i = 0; i < MANY; i++) silence.push(await session.call('tool'))
  silence.push(await session.call('stop'))
  tokens('an idle hour', silence.join(''))
}

function contextOf(output: string): string {
  const { hookSpecificOutput } = JSON.parse(output) as { hookSpecificOutput: { additionalContext: string } }
  return hookSpecificOutput.additionalContext
}

/** Counts characters ÷ 4, and the tokens of o200k_base where its package is installed. */
async function counter(bench: Bench): Promise<Count> {
  const name = 'gpt-tokenizer/encoding/o200k_base'
  const encoding = (await import(name).catch(() => undefined)) as
    | { countTokens(text: string): number }
    | undefined
  if (!encoding) bench.cannot('hub', 'tokens by a real tokenizer', 'gpt-tokenizer is not installed')
  return (of, text, share = 1) => {
    bench.record({ of, what: 'characters ÷ 4', unit: '', values: { hub: [text.length / 4 / share] } })
    if (!encoding) return
    const count = encoding.countTokens(text) / share
    bench.record({ of, what: 'tokens (o200k_base)', unit: '', values: { hub: [count] } })
  }
}

/** The tools as `arc mcp` names them to a program, in JSON. */
async function toolList(url: string): Promise<string> {
  const clientInfo = { name: 'bench', version: '1' }
  const lines = [
    {
      id: 1,
      method: 'initialize',
      params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo },
    },
    { method: 'notifications/initialized' },
    { id: 2, method: 'tools/list' },
  ].map((message) => `${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
  const env = { PATH: process.env.PATH, ARC_BASE_URL: url, XDG_STATE_HOME: makeFolder() }
  const args = [programAt('main.cjs'), 'mcp', '--agent', 'bench-mcp']
  const said = await output(args, lines.join(''), env, (text) => text.includes('"id":2'))
  const answers = said
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { id: number; result: { tools: object[] } })
  const tools = answers.find(({ id }) => id === 2)?.result.tools
  if (!tools) throw new Error('the MCP server lists no tools')
  return JSON.stringify(tools)
}

/** What a Node process prints until it ends. With `isAll`, its input stays open until that is true. */
function output(
  args: readonly string[],
  input: string,
  env: NodeJS.ProcessEnv,
  isAll?: (text: string) => boolean,
): Promise<string> {
  const child = spawn(process.execPath, args, { env, stdio: ['pipe', 'pipe', 'ignore'] })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
    if (isAll?.(text)) child.stdin.end()
  })
  child.stdin.on('error', () => {})
  child.stdin.write(input)
  if (!isAll) child.stdin.end()
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), HANG_MS)
    child.once('error', reject)
    child.once('close', () => {
      clearTimeout(timer)
      resolve(text)
    })
  })
}
