// The page's data about the room, besides messages: signals for the components. Each is read again from the hub when the
// stream hints that it has changed.

import { computed, signal } from '@preact/signals'
import type { ChangeTopic } from '../protocol/kinds.js'
import type {
  Channel,
  Claim,
  HeldWake,
  HubInfo,
  HubStatus,
  Lock,
  Message,
  Scope,
  Session,
  Shutdown,
  Slot,
  Task,
  ThreadSummary,
} from '../protocol/objects.js'
import { get, getPage, hubNow } from './api.js'
import { keptIn } from './kept.js'
import type { ConnectionState } from './live.js'
import { Activity } from './model/activity.js'
import { Colours } from './model/colours.js'
import {
  type Hold,
  holdOfClaim,
  holdOfLock,
  holdOfScope,
  holdOfSlot,
  type Interval,
  isActive,
  withHolds,
} from './model/holds.js'
import { textOf } from './model/message.js'
import { goneAfter, peopleOf } from './model/presence.js'
import { taskTree } from './model/tasks.js'
import type { SignedIn } from './operator.js'
import { Refresh } from './refresh.js'
import { TaskList } from './task-list.js'

/** Threads of one read. Each message in a thread causes a read, and a room may have tens of thousands of threads. */
const FEW_THREADS = 100
const MANY_THREADS = 500

export const connection = signal<ConnectionState>('connecting')
export const hub = signal<HubInfo | undefined>(undefined)
export const operator = signal<Session | undefined>(undefined)
/** The newest message when the operator signed in. */
let latestId = 0
/** The hub's time, every second. */
export const now = signal(hubNow())

const sessions = signal<readonly Session[]>([])
const gone = signal<readonly Session[]>([])
const waiting = signal<ReadonlySet<string>>(new Set())
export const channels = signal<readonly Channel[]>([])
export const threads = signal<readonly ThreadSummary[]>([])
/** The hub has older threads than `threads` holds. `wantThreads` reads more. */
export const hasMoreThreads = signal(false)
let threadRows: number = FEW_THREADS
const taskList = new TaskList()
const tasks = signal<readonly Task[]>([])
const claims = signal<readonly Hold[]>([])
/** Locks, scopes and slots: the hub hints at them together. */
const locks = signal<readonly Hold[]>([])
export const history = signal<readonly Interval[]>([])
/** The time of the pending shutdown, in milliseconds of the hub's clock. */
export const shutdownAt = signal<number | undefined>(undefined)
/** What is wrong with the hub's storage; empty if nothing is. */
export const storageTrouble = signal('')
/** Rows of messages among agents that wake nobody until the person joins them. */
export const heldWakes = signal<readonly HeldWake[]>([])
/** Counts up with each message that the plot has counted. */
export const activityVersion = signal(0)
export const activity = new Activity()
export const colours = new Colours(keptIn('arc-colours'))

export const me = computed(() => operator.value?.agent_id ?? '')
export const people = computed(() => peopleOf(sessions.value, gone.value, waiting.value))
export const holds = computed(() => [...claims.value, ...locks.value])
export const tasksById = computed(() => new Map(tasks.value.map((task) => [task.task_id, task])))
export const tree = computed(() => taskTree(tasks.value))
export const displayNames = computed(
  () =>
    new Map(
      [...gone.value, ...sessions.value].map(({ agent_id: id, display_name: name }) => [id, textOf(name)]),
    ),
)

const reads = {
  agents: new Refresh(async () => {
    const now = await get<Session[]>('/v1/agents')
    gone.value = goneAfter(gone.value, sessions.value, now)
    for (const { agent_id } of now) colours.of(agent_id)
    sessions.value = now
    const own = now.find((session) => session.agent_id === me.value)
    if (own) operator.value = own
  }),
  waiting: new Refresh(readWaiting),
  wakes: new Refresh(async () => {
    const isServed = hub.value?.features.includes('arc:wake')
    heldWakes.value = isServed ? await get<HeldWake[]>('/v1/held-wakes') : []
  }),
  channels: new Refresh(async () => {
    channels.value = await get<Channel[]>('/v1/channels')
  }),
  threads: new Refresh(async () => {
    const { rows, next } = await getPage<ThreadSummary>(`/v1/threads?limit=${threadRows}`)
    threads.value = rows
    hasMoreThreads.value = next !== null
  }),
  tasks: new Refresh(async () => {
    tasks.value = await taskList.read(latestId)
  }),
  // Also while the tab is hidden: the reads make up the history of holds.
  claims: new Refresh(
    async () => {
      const rows = await get<Claim[]>('/v1/claims?active_only=true')
      claims.value = withHistory('claim', rows.map(holdOfClaim))
    },
    { whileHidden: true },
  ),
  locks: new Refresh(
    async () => {
      const [rows, scopeRows, slotRows] = await Promise.all([
        get<Lock[]>('/v1/locks?active_only=true'),
        get<Scope[]>('/v1/scopes'),
        get<Slot[]>('/v1/slots'),
      ])
      locks.value = [
        ...withHistory('lock', rows.map(holdOfLock)),
        ...withHistory('scope', scopeRows.map(holdOfScope)),
        ...withHistory('slot', slotRows.map(holdOfSlot)),
      ]
    },
    { whileHidden: true },
  ),
  shutdown: new Refresh(async () => {
    const pending = await get<Shutdown | null>('/v1/shutdown')
    if (pending) shutsDownIn(pending.remaining_sec)
    else shutdownAt.value = undefined
  }),
  network: new Refresh(async () => {
    hub.value = await get<HubInfo>('/v1/hub-info')
  }),
} satisfies Record<ChangeTopic | 'waiting' | 'wakes', Refresh>

/** Begins the countdown, which `now` would otherwise begin a second too high. */
export function shutsDownIn(seconds: number): void {
  now.value = hubNow()
  shutdownAt.value = now.value + seconds * 1_000
}

async function readWaiting(): Promise<void> {
  const status = await get<Partial<HubStatus>>('/v1/status')
  storageTrouble.value = troubleOf(status)
  const { waiting_agents: ids = [] } = status
  if (ids.length !== waiting.value.size || ids.some((id) => !waiting.value.has(id)))
    waiting.value = new Set(ids)
}

function troubleOf({
  storage_problem: problem,
  storage_silent_sec: seconds = 0,
}: Partial<HubStatus>): string {
  if (problem) return `The hub refuses writes: ${problem}.`
  if (seconds === 0) return ''
  return `The hub's storage has not answered for ${seconds} s. Nothing can be written until it does.`
}

function withHistory(type: Hold['type'], found: readonly Hold[]): readonly Hold[] {
  history.value = withHolds(history.value, type, found, hubNow())
  return found.filter((hold) => isActive(hold, hubNow())).sort((a, b) => a.expiresMs - b.expiresMs)
}

export function changed(topics: readonly ChangeTopic[]): void {
  for (const topic of topics) reads[topic]?.want()
  if (topics.includes('agents')) reads.waiting.want()
}

export function signedIn({ session, latestId: id }: SignedIn): void {
  operator.value = session
  latestId = id
}

/** Reads many threads for an unfolded or searched list, else the newest few. */
export function wantThreads(areManyWanted: boolean): void {
  const rows = areManyWanted ? MANY_THREADS : FEW_THREADS
  if (rows === threadRows) return
  threadRows = rows
  reads.threads.want()
}

export function readAll(): void {
  for (const read of Object.values(reads)) read.want()
}

/**
 * Reads what has no hints: signs of life, waiting agents, who is not woken any more, and threads of direct messages between
 * others. @throws HubError when the hub does not answer
 */
export async function look(): Promise<void> {
  reads.agents.want()
  reads.threads.want()
  reads.wakes.want()
  await readWaiting()
}

/** Reads the holds from before this page was opened, for the lanes. */
export async function readPastHolds(): Promise<void> {
  const [pastClaims, pastLocks] = await Promise.all([get<Claim[]>('/v1/claims'), get<Lock[]>('/v1/locks')])
  history.value = withHolds(history.value, 'claim', pastClaims.map(holdOfClaim), hubNow())
  history.value = withHolds(history.value, 'lock', pastLocks.map(holdOfLock), hubNow())
}

/** Takes from new or older messages what they say about the rest of the room. */
export function heard(messages: readonly Message[], isLive: boolean): void {
  for (const message of messages) {
    activity.count(message.from_agent, Date.parse(message.ts))
    colours.of(message.from_agent)
  }
  activityVersion.value++
  if (!isLive) return
  if (messages.some((message) => message.thread_id !== null)) reads.threads.want()
  reads.waiting.want()
  reads.wakes.want()
}

/** Forgets all data: another hub answers. */
export function forget(): void {
  sessions.value = []
  gone.value = []
  channels.value = []
  threads.value = []
  tasks.value = []
  taskList.clear()
  claims.value = []
  locks.value = []
  history.value = []
  shutdownAt.value = undefined
  storageTrouble.value = ''
  heldWakes.value = []
  operator.value = undefined
  activity.clear()
  activityVersion.value++
}

setInterval(() => {
  now.value = hubNow()
  const at = now.value
  // Leases run out without a hint.
  if (claims.value.some((hold) => hold.expiresMs < at)) reads.claims.want()
  if (locks.value.some((hold) => hold.expiresMs < at)) reads.locks.want()
}, 1_000)
