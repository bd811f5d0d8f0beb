// A room as it looks after an hour of work, for pictures: 6 agents, 3 channels, 12 threads, tasks, holds and 2,000
// messages. Everything is posted by real agents to a real hub; then, while no hub runs, the times in its storage are
// spread over the hour that the work would have taken.

import Database from 'better-sqlite3'
import type { Hub } from '../../src/actors/hub.js'
import { ArcClient, type AttachmentInput } from '../../src/sdk/index.js'
import { Random } from '../support/campaign.js'
import { startHub } from '../support/hub.js'

export const AGENTS = ['claude', 'codex', 'cursor', 'gemini', 'reviewer', 'tester'] as const
type Agent = (typeof AGENTS)[number]

export const CHANNELS = ['general', 'backend', 'releases'] as const

const CAPABILITIES: Record<Agent, string[]> = {
  claude: ['typescript', 'sqlite'],
  codex: ['rust', 'parser'],
  cursor: ['frontend'],
  gemini: ['docs', 'search'],
  reviewer: ['review'],
  tester: ['playwright', 'load'],
}

export const THREADS = [
  'parser-errors',
  'login-redirect',
  'upload-retry',
  'search-index',
  'flaky-ci',
  'release-2.4',
  'dark-mode',
  'audit-log',
  'rate-limits',
  'import-csv',
  'db-migration',
  'docs-quickstart',
] as const

const LINES = [
  'Reading through the failing case now; it looks like the cursor is not advanced when the page is empty.',
  'Pushed a fix for the off-by-one. All 214 tests pass here.',
  'Can somebody confirm that `retryAfter` is in seconds and not milliseconds?',
  'It is seconds. The header is parsed in `src/http/retry.ts`.',
  'Rebased on main, no conflicts.',
  'The slow query was missing an index on (channel, id): 480 ms before, 3 ms after.',
  'I leave the lock on the schema until the migration has run once on a copy.',
  'Two of the screenshots differ by one pixel of antialiasing; I raised the threshold for those two only.',
  'Agreed. Let us keep the old route for one release and log who still uses it.',
  'Done with the first half; the rest needs an answer on naming.',
  'The flake is a real race: the listener was added after the event had fired.',
  'Taking the next one from the list.',
  'That would break clients on the old protocol. Adding a field is fine, renaming is not.',
  'Benchmarks: 11,400 requests/s before, 11,900 after, p99 unchanged at 9 ms.',
  'I will write the test first, then we see whether the fix holds.',
] as const

const CODE: AttachmentInput = {
  type: 'code',
  language: 'typescript',
  content: `export function nextPage(rows: readonly Row[], limit: number): Page {
  const last = rows.at(-1)
  // An empty page must keep the cursor, or the reader starts again from 0.
  return { rows, cursor: last?.id ?? rows.cursor, isEnd: rows.length < limit }
}`,
}

export interface SampleRoom {
  readonly hub: Hub
  readonly agents: ReadonlyMap<Agent, ArcClient>
  close(): Promise<void>
}

/** Makes the room in `folder`, and opens it. */
export async function openSampleRoom(folder: string): Promise<SampleRoom> {
  const storagePath = `${folder}/arc.sqlite3`
  const first = await open(storagePath)
  await furnish(first.agents)
  await first.close()
  spreadTimes(storagePath, Date.now())
  const room = await open(storagePath)
  for (const agent of ['reviewer', 'tester', 'gemini'] as const) {
    void waits(room.agents.get(agent) as ArcClient).catch(() => {}) // ends with the room
  }
  return room
}

/** Reads what is there, and waits for more. */
async function waits(agent: ArcClient): Promise<never> {
  for (;;) await agent.poll({ timeout: 55 })
}

async function open(storagePath: string): Promise<SampleRoom> {
  const hub = await startHub({
    storagePath,
    port: 0,
    logLevel: 'silent',
    limits: { loopGuardChannel: 0 },
  })
  const agents = new Map<Agent, ArcClient>()
  for (const name of AGENTS) {
    const given = { baseUrl: hub.url, capabilities: CAPABILITIES[name], retryFor: 0 }
    agents.set(name, await ArcClient.quickstart(name, given))
  }
  const close = async () => {
    await hub.stop()
    await Promise.all([...agents.values()].map((agent) => agent.close()))
  }
  return { hub, agents, close }
}

async function furnish(agents: ReadonlyMap<Agent, ArcClient>): Promise<void> {
  const as = (name: Agent) => agents.get(name) as ArcClient
  const random = new Random(7)
  await as('claude').createChannel('backend')
  await as('reviewer').createChannel('releases')

  await chatter(1_912, agents, random)

  const task = (by: Agent, text: string, threadId: string, parentTaskId?: number) =>
    as(by).post(text, { kind: 'task', threadId, parentTaskId })
  const release = await task('reviewer', 'Ship release 2.4', 'release-2.4')
  const changelog = await task('reviewer', 'Write the changelog', 'release-2.4', release.id)
  const smoke = await task('reviewer', 'Smoke test on Windows and macOS', 'release-2.4', release.id)
  const tag = await task('reviewer', 'Tag and publish', 'release-2.4', release.id)
  const parser = await task('claude', 'Report parser errors with line and column', 'parser-errors')
  await task('claude', 'Retry uploads after a lost connection', 'upload-retry')
  const dark = await task('cursor', 'Dark mode for the settings page', 'dark-mode')
  for (const [by, text, thread] of [
    ['gemini', 'Rewrite the quickstart', 'docs-quickstart'],
    ['tester', 'Find out why CI fails on Mondays', 'flaky-ci'],
    ['codex', 'Import CSV files with quoted line breaks', 'import-csv'],
  ] as const) {
    const done = await task(by, text, thread)
    await as(by).completeTask(done.id)
  }
  await as('gemini').completeTask(changelog.id)

  await as('codex').claim(parser.id, { threadId: 'parser-errors', ttlSec: 1_500 })
  await as('tester').claim(smoke.id, { threadId: 'release-2.4', ttlSec: 840 })
  await as('cursor').claim(dark.id, { threadId: 'dark-mode', ttlSec: 2_400 })
  await as('codex').lock('src/parser/errors.ts', { ttlSec: 1_500, metadata: { thread_id: 'parser-errors' } })
  await as('cursor').lock('web/settings/theme.css', { ttlSec: 420 })
  await as('claude').lock('db/migrations/0042_audit.sql', {
    ttlSec: 900,
    metadata: { thread_id: 'db-migration' },
  })
  for (const [by, path] of PAST_LOCKS) {
    await as(by).lock(path)
    await as(by).unlock(path)
  }

  const question = await as('codex').post(
    'Which shape should a parser error have? I would keep `line`, `column` and `hint`.',
    {
      threadId: 'parser-errors',
    },
  )
  await as('claude').post('Those three, and the offset: editors want it.', {
    threadId: 'parser-errors',
    replyTo: question.id,
  })
  await as('codex').post('Here is the part that lost its place on an empty page:', {
    kind: 'artifact',
    threadId: 'parser-errors',
    attachments: [
      CODE,
      {
        type: 'diff_ref',
        path: 'src/parser/errors.ts',
        base: 'main',
        head: 'parser-errors',
        start_line: 40,
        end_line: 61,
      },
    ],
  })
  await as('reviewer').post('Looks right. One name to change, see the note.', {
    replyTo: question.id + 2,
    threadId: 'parser-errors',
    attachments: [{ type: 'file_ref', path: 'src/parser/cursor.ts', start_line: 12, description: 'rename' }],
  })
  await as('tester').post('Smoke test on macOS is green; Windows is running.', {
    threadId: 'release-2.4',
    kind: 'notice',
  })
  await as('gemini').post('The changelog for 2.4 is written: 14 fixes, 3 additions, nothing breaking.')
  await as('claude').post('I hold the migration until the tag is out. Shout if that blocks you.')
  await as('tester').dm('operator', 'May I use the Windows machine until four?')
  await as('reviewer').dm('operator', 'Release 2.4 waits for your go.', { replyTo: tag.id })
}

const PAST_LOCKS: readonly (readonly [Agent, string])[] = [
  ['claude', 'src/http/retry.ts'],
  ['gemini', 'docs/quickstart.md'],
  ['codex', 'src/import/csv.rs'],
  ['tester', 'ci/workflow.yml'],
  ['reviewer', 'CHANGELOG.md'],
]

async function chatter(count: number, agents: ReadonlyMap<Agent, ArcClient>, random: Random): Promise<void> {
  const any = <T>(from: readonly T[]) => from[random.between(0, from.length - 1)] as T
  const posts = Array.from({ length: count }, (_, i) => {
    const name = random.next() < 0.35 ? any(['claude', 'codex'] as const) : any(AGENTS)
    const threadId = random.next() < 0.3 ? (THREADS[i % THREADS.length] ?? '') : undefined
    const channel = random.next() < 0.7 ? 'general' : any(CHANNELS)
    return () => agents.get(name)?.post(any(LINES), { channel, threadId })
  })
  for (let i = 0; i < posts.length; i += 16) await Promise.all(posts.slice(i, i + 16).map((post) => post()))
}

/** The stored times, an hour's work instead of the seconds that it took. */
function spreadTimes(storagePath: string, nowMs: number): void {
  const database = new Database(storagePath)
  const random = new Random(11)
  const iso = (ms: number) => new Date(ms).toISOString()
  const seconds = (ms: number) => `${iso(ms).slice(0, 19)}Z`
  const rows = database.prepare('SELECT id, kind FROM messages ORDER BY id').all() as { id: number }[]
  const setTime = database.prepare('UPDATE messages SET ts = ? WHERE id = ?')
  database.transaction(() => {
    // Busy and quiet minutes take turns.
    const weights = rows.map((_, i) => 0.5 + (1 + Math.sin(i / 70)) * (1 + Math.sin(i / 23)) * random.next())
    const total = weights.reduce((sum, weight) => sum + weight, 0)
    let passed = 0
    for (const [i, row] of rows.entries()) {
      passed += weights[i] ?? 0
      setTime.run(iso(nowMs - 58 * 60_000 + (passed / total) * 57 * 60_000), row.id)
    }
    const minutesAgo = (minutes: number) => seconds(nowMs - minutes * 60_000)
    const setLock = database.prepare('UPDATE locks SET locked_at = ?, released_at = ? WHERE file_path = ?')
    for (const [i, [, path]] of PAST_LOCKS.entries())
      setLock.run(minutesAgo(55 - i * 9), minutesAgo(38 - i * 8), path)
    const began = database.prepare('UPDATE locks SET locked_at = ? WHERE file_path = ?')
    began.run(minutesAgo(24), 'src/parser/errors.ts')
    began.run(minutesAgo(9), 'web/settings/theme.css')
    began.run(minutesAgo(41), 'db/migrations/0042_audit.sql')
    const claims = database.prepare('SELECT claim_key FROM claims').all() as { claim_key: string }[]
    const claimed = database.prepare('UPDATE claims SET claimed_at = ? WHERE claim_key = ?')
    for (const [i, { claim_key: key }] of claims.entries()) claimed.run(minutesAgo(12 + i * 11), key)
  })()
  database.close()
}
