// A hub that nobody names is found by the SDK as by the command line: by ARC_BASE_URL, by the nearest `.arc.pid` that may be
// believed, or at the default address.

import { execFile } from 'node:child_process'
import { chmodSync } from 'node:fs'
import { promisify } from 'node:util'
import t from 'tap'
import { Place } from '../support/arc-process.js'

const SDK = new URL('../../src/sdk/index.js', import.meta.url).href
const SCRIPT = `
  const { ArcClient } = await import(${JSON.stringify(SDK)})
  try {
    const client = new ArcClient('a', { retryFor: 0 })
    process.stdout.write((await client.hubInfo()).storage_path)
    await client.close()
  } catch (error) {
    process.stdout.write(error.code + ': ' + error.message)
  }`

/** What a program says that is run in a folder and names no hub. */
async function found(folder: string, env: Record<string, string> = {}) {
  const args = ['--input-type=module', '--eval', SCRIPT]
  return promisify(execFile)(process.execPath, args, { cwd: folder, env: { PATH: process.env.PATH, ...env } })
}

t.test('by ARC_BASE_URL, else by the nearest pid file from the working folder upward', async (t) => {
  const [place, other] = [new Place(t), new Place(t)]
  await place.ensure(['--port', '0', '--no-relay'])
  const { url } = await other.ensure(['--port', '0', '--no-relay'])
  const below = place.below('src', 'deep')
  t.match(await found(below), { stdout: place.room('arc.sqlite3'), stderr: '' })
  t.match(await found(below, { ARC_BASE_URL: url }), { stdout: other.room('arc.sqlite3'), stderr: '' })
})

t.test('a pid file that others may write is named, and skipped', async (t) => {
  const place = new Place(t)
  await place.ensure(['--port', '0', '--no-relay'])
  chmodSync(place.room('.arc.pid'), 0o666)
  const { stdout, stderr } = await found(place.folder)
  t.not(stdout, place.room('arc.sqlite3'))
  t.match(stderr, /\.arc\.pid is not believed: other users may write it; .*baseUrl or ARC_BASE_URL/)
})

t.test('what is no address is refused by its name', async (t) => {
  const { stdout } = await found(new Place(t).folder, { ARC_BASE_URL: 'nowhere' })
  t.match(
    stdout,
    /^invalid_request: ARC_BASE_URL must be an http:\/\/ or https:\/\/ URL such as .*, not "nowhere"/,
  )
})
