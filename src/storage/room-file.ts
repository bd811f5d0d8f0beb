// A room as a file of JSON lines, to move it between storages: a header, the rows of each table, and a last line that shows
// that the file is whole. Rows have the same columns in every engine.

import { ArcError } from '../protocol/errors.js'

export const FORMAT = 'arc room 1'

const columns = (names: string): readonly string[] => names.trim().split(/\s+/)

/** Every table that moves, with its columns, in the order of the file. Lines of waiting agents and hubs' own rows stay. */
export const TABLES = {
  channels: columns('name created_at created_by metadata_json'),
  messages: columns(`
    id ts from_agent to_agent channel kind body attachments_json reply_to thread_id metadata_json
  `),
  sessions: columns(`
    session_id agent_id display_name capabilities_json metadata_json created_at last_seen active
    presence_ttl_sec harness pid process_started_at process_mark
  `),
  claims: columns(`
    claim_key thread_id task_message_id owner_agent_id claimed_at expires_at released_at metadata_json
  `),
  locks: columns('file_path agent_id locked_at expires_at released_at metadata_json'),
  tasks: columns('task_id parent_task_id channel thread_id status created_at completed_at'),
  threads: columns(`
    thread_id channel latest_message_id latest_message_ts latest_artifact_id message_count root_task_id
    first_task_id total_task_count open_task_count
  `),
  outcomes: columns('scope key request_hash code text is_new beside created_at_ms'),
  mailboxes: columns('agent_id begun_id ambient_id ambient_offered_id unread last_shown_id'),
  receipts: columns(`
    message_id agent_id from_agent offers offer_id offered_at shown_at acknowledged_at via note
  `),
  offers: columns(`
    offer_id agent_id reader lapses_at_ms ambient_from ambient_to ambient_before shown
  `),
  fences: columns('fence kind key'),
  slots: columns('name agent_id capacity acquired_at expires_at fence'),
  scopes: columns('scope_id agent_id globs_json mode reason acquired_at expires_at metadata_json'),
}

export type Table = keyof typeof TABLES
export const TABLE_NAMES = Object.keys(TABLES) as Table[]

/** The last numbers that the room has given. Rows that had them may be gone. */
export interface Counters {
  readonly lastId: number
  readonly lastFence: number
}

export interface Row {
  readonly table: Table
  readonly values: Readonly<Record<string, unknown>>
}

/** A room as it is read from a storage, or from a file. */
export interface RoomContent {
  readonly counters: Counters
  readonly rows: AsyncIterable<Row>
}

type Line = { format: string; counters: Counters } | { t: Table; r: Row['values'] } | { end: number }

/** The lines of a file. */
export async function* linesOf({ counters, rows }: RoomContent): AsyncGenerator<string> {
  const line = (content: Line) => `${JSON.stringify(content)}\n`
  yield line({ format: FORMAT, counters })
  let count = 0
  for await (const { table, values } of rows) {
    count++
    yield line({ t: table, r: values })
  }
  yield line({ end: count })
}

/** Reads the lines of a file. @throws ArcError `storage_unusable` if it is no room, or not a whole one */
export async function roomIn(lines: AsyncIterable<Buffer>, name: string): Promise<RoomContent> {
  const all = lines[Symbol.asyncIterator]()
  const first = await all.next()
  const header = first.done ? undefined : parse(first.value)
  if (header?.format !== FORMAT) {
    throw new ArcError(
      'storage_unusable',
      `${name} is not a room that arc export of this version has written`,
    )
  }
  return { counters: header.counters as Counters, rows: rowsOf(all, name) }
}

async function* rowsOf(lines: AsyncIterator<Buffer>, name: string): AsyncGenerator<Row> {
  for (let count = 0; ; count++) {
    const { value, done } = await lines.next()
    const line = done ? undefined : parse(value)
    if (line?.end === count) return
    if (!line || !Object.hasOwn(TABLES, String(line.t))) {
      throw new ArcError(
        'storage_unusable',
        `${name} ends early or is damaged after ${count} rows: export the room again`,
      )
    }
    yield { table: line.t as Table, values: line.r as Row['values'] }
  }
}

function parse(line: Buffer): Record<string, unknown> | undefined {
  try {
    return JSON.parse(line.toString())
  } catch {
    return undefined
  }
}
