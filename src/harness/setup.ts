// `arc setup`: writes Arc's hooks, its MCP server and, if asked, permissions into the configuration of a harness, and takes them
// out again. A file that can't be read is left alone.

import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { parse } from 'jsonc-parser'
import { makeFolder } from '../folder.js'
import { withoutLinks } from '../links.js'
import { stateFolder } from '../session-memory.js'
import { type Edit, withEdits, withoutEdits } from './configuration.js'
import { httpHooksIn } from './http-hooks.js'
import { FACTS, isOurHook, type Options, type Place, SETUP_NAMES, type SetupName } from './places.js'
import { textIn } from './text-in.js'
import { tableText, withoutTable, withTable } from './toml.js'

export interface SetupOptions extends Options {
  readonly undo: boolean
  readonly dryRun: boolean
}

export interface FileReport {
  readonly file: string
  /** `unreadable`: nothing was changed. */
  readonly outcome: 'written' | 'removed' | 'unchanged' | 'unreadable' | 'unwritable'
  readonly before: string | null
  /** Null: there is no such file afterwards. */
  readonly after: string | null
  /** What the person has to put into the file by hand: the file can't be read, or another entry has the name. */
  readonly byHand: readonly string[]
}

export interface SetupReport {
  readonly harness: SetupName
  readonly files: readonly FileReport[]
  /** What the person has to do once. */
  readonly remains: readonly string[]
}

/** What `setup` changed, so that `--undo` gives the same bytes back if nobody has changed the file since. */
interface Backup {
  /** Of the file as `setup` left it. */
  readonly hash: string
  /** Where the change begins, and how long what was written there is. */
  readonly start: number
  readonly length: number
  /** What stood there. Null: there was no file. */
  readonly text: string | null
  /** The folders that were made for the file, the innermost first. */
  readonly folders?: readonly string[]
}

/** The word that wakes, in a hook or in the plugin. */
const WAKING = /hook\.cjs[\s\S]{0,80}?--wake|Arc\(given, \{ wake: true|watch\.cjs/

/** The harnesses that have been used here, or can be started. */
export function installedHarnesses(): SetupName[] {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
  const endings = process.platform === 'win32' ? ['.exe', '.cmd'] : ['']
  const isOnPath = (command: string) =>
    folders.some((folder) => endings.some((ending) => existsSync(join(folder, command + ending))))
  return SETUP_NAMES.filter((name) => existsSync(FACTS[name].home()) || FACTS[name].commands.some(isOnPath))
}

export function setUp(harness: SetupName, options: SetupOptions): SetupReport {
  const { places, remains, asks } = FACTS[harness]
  const [earlier] = places(options).flatMap(({ file }) => httpHooksIn(file) ?? [])
  // What an earlier run was asked to write besides stays with a later one, and goes with the rest.
  const wishes = {
    permissions: options.permissions || options.undo,
    refuseHeldEdits: options.refuseHeldEdits || options.undo || places(options).some(isRefusing),
    wake: options.wake || options.undo || places(options).some(isWaking),
    httpHooks: options.httpHooks ?? earlier ?? (options.undo ? { url: '', agent: '' } : undefined),
  }
  const all = places({ ...options, ...wishes })
  const made = options.undo && !options.dryRun ? all.flatMap(({ file }) => foldersOf(file)) : []
  const files = all.map((place) => change(place, options))
  removeEmpty(made)
  const isWritten = !options.undo && files.some(({ outcome }) => outcome === 'written')
  const note = asks?.(options.permissions)
  return { harness, files, remains: isWritten ? [remains, ...(note === undefined ? [] : [note])] : [] }
}

/** An earlier run has written it. */
function isWaking({ file }: Place): boolean {
  return WAKING.test(textIn(file))
}

function isRefusing({ file }: Place): boolean {
  const text = textIn(file)
  const { hooks } = (parse(text) ?? {}) as { hooks?: { PreToolUse?: unknown; BeforeTool?: unknown } }
  const before = JSON.stringify([hooks?.PreToolUse, hooks?.BeforeTool])
  return isOurHook(before) || text.includes('refuseHeldEdits: true')
}

function change(place: Place, options: SetupOptions): FileReport {
  const { file } = place
  let bytes: Buffer | null
  try {
    bytes = existsSync(file) ? readFileSync(file) : null
  } catch {
    return { file, outcome: 'unreadable', before: null, after: null, byHand: snippets(place) }
  }
  return changed(place, bytes, options)
}

function changed(place: Place, bytes: Buffer | null, { undo, dryRun }: SetupOptions): FileReport {
  const { file } = place
  const before = bytes === null ? null : bytes.toString('utf8')
  if (bytes !== null && !isUtf8(bytes))
    return { file, outcome: 'unreadable', before, after: before, byHand: undo ? [] : snippets(place) }
  const backup = undo ? readBackup(file, before) : undefined
  const edited = backup ? { after: restored(before ?? '', backup), byHand: [] } : edit(place, before, undo)
  if (edited === undefined)
    return { file, outcome: 'unreadable', before, after: before, byHand: snippets(place) }
  const { after, byHand } = edited
  if (after === before) return { file, outcome: 'unchanged', before, after, byHand }
  if (!dryRun && !replace(file, before, after, undo))
    return { file, outcome: 'unwritable', before, after: before, byHand: snippets(place) }
  return { file, outcome: undo ? 'removed' : 'written', before, after, byHand }
}

/** Writes the file, and keeps what it takes to undo that. False: it can't be written, and nothing has changed. */
function replace(file: string, before: string | null, after: string | null, undo: boolean): boolean {
  const earlier = textIn(backupOf(file))
  try {
    checkWritable(file)
    if (undo) rmSync(backupOf(file), { force: true })
    else keepBackup(file, before, after ?? '')
    write(file, after)
    return true
  } catch {
    if (earlier !== textIn(backupOf(file))) write(backupOf(file), earlier || null)
    return false
  }
}

/** Undefined: the file can't be read. */
function edit(
  place: Place,
  before: string | null,
  undo: boolean,
): { after: string | null; byHand: readonly string[] } | undefined {
  if ('own' in place) {
    if (!undo) return { after: place.own, byHand: [] }
    const isOurs = before?.startsWith(place.own.slice(0, place.own.indexOf(':'))) === true
    return { after: isOurs ? null : before, byHand: [] }
  }
  if (undo && before === null) return { after: null, byHand: [] }
  const text = before ?? ''
  if ('toml' in place) {
    const after = undo ? withoutTable(text, place.toml) : withTable(text, place.toml)
    if (after === 'taken') return { after: before, byHand: snippets(place) }
    return after === undefined ? undefined : { after, byHand: [] }
  }
  if (undo) {
    const after = withoutEdits(text, place.json)
    return after === undefined ? undefined : { after, byHand: [] }
  }
  const edited = withEdits(text, place.json)
  return edited && { after: edited.text, byHand: edited.taken.map(snippet) }
}

function snippets(place: Place): string[] {
  if ('own' in place) return []
  return 'toml' in place ? [tableText(place.toml)] : place.json.edits.map(snippet)
}

const snippet = ({ path, name, value }: Edit): string =>
  `${[...path, ...(name === undefined ? [] : [name])].join('.')}: ${JSON.stringify(value)}`

function backupOf(file: string): string {
  return join(stateFolder(), 'setup', `${hashOf(file)}.json`)
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex')

/** Undefined: nothing is known of the file, or it was changed since. */
function readBackup(file: string, before: string | null): Backup | undefined {
  try {
    const backup = JSON.parse(readFileSync(backupOf(file), 'utf8')) as Backup
    return backup.hash === hashOf(before ?? '') ? backup : undefined
  } catch {
    return undefined
  }
}

function restored(text: string, { start, length, text: old }: Backup): string | null {
  return old === null ? null : text.slice(0, start) + old + text.slice(start + length)
}

/** The folders that a file needs and that are not there, the innermost first. */
function missingAbove(file: string): string[] {
  const folder = dirname(file)
  return existsSync(folder) ? [] : [folder, ...missingAbove(folder)]
}

/** An empty folder of a harness would say that the harness is installed. */
function removeEmpty(folders: readonly string[]): void {
  for (const folder of [...folders].sort((a, b) => b.length - a.length)) {
    try {
      rmdirSync(folder)
    } catch {
      // somebody has put something there
    }
  }
}

function foldersOf(file: string): readonly string[] {
  const before = existsSync(file) ? textIn(file) : null
  return readBackup(file, before)?.folders ?? []
}

/** Keeps the part of the file that has changed: the rest may hold secrets. */
function keepBackup(file: string, before: string | null, after: string): void {
  const earlier = readBackup(file, before)
  const first = earlier ? restored(before ?? '', earlier) : before
  const given = first ?? ''
  let start = 0
  while (start < given.length && given[start] === after[start]) start++
  let end = 0
  while (
    end < given.length - start &&
    end < after.length - start &&
    given.at(-1 - end) === after.at(-1 - end)
  )
    end++
  const backup: Backup = {
    hash: hashOf(after),
    start,
    length: after.length - start - end,
    text: first === null ? null : given.slice(start, given.length - end),
    folders: earlier?.folders ?? missingAbove(file),
  }
  write(backupOf(file), JSON.stringify(backup))
}

/** A rename would replace a file that its owner has protected. @throws Error */
function checkWritable(file: string): void {
  if (existsSync(file) && (statSync(file).mode & 0o222) === 0) throw new Error('nobody may write it')
}

/** By a temporary file and a rename, with the mode of the file before, and through links. Null deletes the file. */
function write(given: string, text: string | null): void {
  const file = withoutLinks(given)
  if (text === null) {
    rmSync(file, { force: true })
    return
  }
  makeFolder(dirname(file))
  const mode = existsSync(file) ? statSync(file).mode & 0o777 : 0o600
  const temporary = `${file}.arc-${process.pid}`
  try {
    writeFileSync(temporary, text, { flag: 'wx', mode: 0o600 }) // it may hold secrets
    chmodSync(temporary, mode)
    renameSync(temporary, file)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}
