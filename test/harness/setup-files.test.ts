// `arc setup` and the files themselves: links, bytes that are no text, and modes.

import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { SETUP_NAMES } from '../../src/harness/places.js'
import { installedHarnesses } from '../../src/harness/setup.js'
import { atHome, OURS, placeOf, set } from './home.js'

/** A file of Claude Code that is a link to one that is not there. */
function linkAway(home: string): { file: string; target: string } {
  const { file } = placeOf('claude', 'settings.json')
  mkdirSync(dirname(file), { recursive: true })
  const target = join(home, 'dotfiles', 'claude.json')
  symlinkSync(target, file)
  return { file, target }
}

t.test('a file that is not UTF-8 is left alone', async (t) =>
  atHome(t, (home) => {
    const { file } = placeOf('codex', 'config.toml')
    mkdirSync(dirname(file), { recursive: true })
    const bytes = Buffer.from('# caf\xe9\n', 'latin1')
    writeFileSync(file, bytes)
    const { files } = set('codex')
    t.match(
      files.find((one) => one.file === file),
      { outcome: 'unreadable' },
    )
    t.strictSame(readFileSync(file), bytes)
    t.ok(file.startsWith(home))
  }),
)

t.test('a link to a file that is not there yet stays a link', async (t) =>
  atHome(t, (home) => {
    const { file, target } = linkAway(home)
    set('claude')
    t.ok(lstatSync(file).isSymbolicLink())
    t.match(readFileSync(target, 'utf8'), OURS)
    t.equal(statSync(target).mode & 0o777, 0o600)
  }),
)

t.test('undone, it leaves no folder that it has made', async (t) =>
  atHome(t, (home) => {
    for (const harness of SETUP_NAMES) set(harness)
    for (const harness of SETUP_NAMES) set(harness, { undo: true })
    t.strictSame(readdirSync(home), ['state'])
    t.strictSame(installedHarnesses(), [])
  }),
)

t.test('what can not be written is told, and the rest is set up', async (t) =>
  atHome(t, () => {
    const { file } = placeOf('claude', 'settings.json')
    writeFileSync(dirname(file), 'no folder')
    const { files } = set('claude')
    t.match(
      files.find((one) => one.file === file),
      { outcome: 'unwritable', byHand: [/hook/] },
    )
    t.ok(files.some(({ outcome }) => outcome === 'written'))
    set('claude', { undo: true })
    t.equal(readFileSync(dirname(file), 'utf8'), 'no folder')
  }),
)

t.test('a file that its owner has protected is left alone', async (t) =>
  atHome(t, () => {
    const { file } = placeOf('codex', 'config.toml')
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, 'model = "x"\n', { mode: 0o444 })
    const { files } = set('codex')
    t.match(
      files.find((one) => one.file === file),
      { outcome: 'unwritable' },
    )
    t.equal(readFileSync(file, 'utf8'), 'model = "x"\n')
  }),
)

t.test('undone, a link to a file that was not there is such a link again', async (t) =>
  atHome(t, (home) => {
    const { file, target } = linkAway(home)
    set('claude')
    set('claude', { undo: true })
    t.ok(lstatSync(file).isSymbolicLink())
    t.notOk(existsSync(target))
  }),
)
