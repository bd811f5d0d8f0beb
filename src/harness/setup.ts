// `arc setup`: writes Arc's hooks into the configuration of a harness, and takes them out again. A file that can't be read as
// JSON is left alone.

import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { stateFolder } from '../session-memory.js'
import { withEntries, withoutEntries } from './configuration.js'
import { HARNESS_NAMES, type HarnessName } from './harness.js'
import { PLACES, type Program } from './places.js'

export interface SetupOptions {
  readonly program: Program
  /** The folder of a project. Absent: for the user. */
  readonly project?: string | undefined
  readonly undo: boolean
  readonly dryRun: boolean
}

export interface SetupReport {
  readonly harness: HarnessName
  readonly file: string
  /** `unreadable`: nothing was changed; put the entries into the file by hand. */
  readonly outcome: 'written' | 'removed' | 'unchanged' | 'unreadable'
  /** What the file holds, or would hold, of ours. */
  readonly entries: readonly { readonly list: string; readonly value: object }[]
  /** What the person has to do once. */
  readonly remains: string
}

/** What `setup` found and wrote, so that `--undo` gives the same bytes back if nobody has changed the file since. */
interface Backup {
  /** Null: there was no file. */
  readonly before: string | null
  readonly after: string
}

/** The harnesses that have been used here: their folders exist. */
export function installedHarnesses(): HarnessName[] {
  return HARNESS_NAMES.filter((name) => {
    const file = PLACES[name].file(undefined)
    return existsSync(name === 'copilot' ? dirname(dirname(file)) : dirname(file))
  })
}

/** @throws Error of the file system if a file can't be written */
export function setUp(harness: HarnessName, options: SetupOptions): SetupReport {
  const { program, project, undo, dryRun } = options
  const place = PLACES[harness]
  const file = place.file(project)
  const settings = place.settings(program)
  const entries = settings.entries.map(({ list, value }) => ({ list: list.join('.'), value }))
  const report = (outcome: SetupReport['outcome']) => ({
    harness,
    file,
    outcome,
    entries,
    remains: place.remains,
  })
  const before = existsSync(file) ? readFileSync(file, 'utf8') : null
  const backup = readBackup(file)
  const isOurs = backup !== undefined && backup.after === before
  const after = undo
    ? isOurs
      ? backup.before
      : before === null
        ? null
        : withoutEntries(before, settings)
    : withEntries(before ?? '', settings)
  if (after === undefined) return report('unreadable')
  if (after === before) return report('unchanged')
  if (!dryRun) {
    write(file, after)
    if (undo || after === null) rmSync(backupOf(file), { force: true })
    else keepBackup(file, { before: isOurs ? backup.before : before, after })
  }
  return report(undo ? 'removed' : 'written')
}

function backupOf(file: string): string {
  const name = createHash('sha256').update(file).digest('hex').slice(0, 32)
  return join(stateFolder(), 'setup', `${name}.json`)
}

function readBackup(file: string): Backup | undefined {
  try {
    return JSON.parse(readFileSync(backupOf(file), 'utf8')) as Backup
  } catch {
    return undefined
  }
}

function keepBackup(file: string, backup: Backup): void {
  write(backupOf(file), JSON.stringify(backup))
}

/** By a temporary file and a rename, with the mode of the file before, and through links. Null deletes the file. */
function write(given: string, text: string | null): void {
  if (text === null) {
    rmSync(given, { force: true })
    return
  }
  mkdirSync(dirname(given), { recursive: true })
  const file = existsSync(given) ? realpathSync(given) : given
  const mode = existsSync(file) ? statSync(file).mode & 0o777 : 0o600
  const temporary = `${file}.arc-${process.pid}`
  try {
    writeFileSync(temporary, text, { flag: 'wx' })
    chmodSync(temporary, mode)
    renameSync(temporary, file)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}
