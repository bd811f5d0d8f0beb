// The SDK is light: an agent that imports it loads Node's own modules, undici with its first request, and none
// of the hub.
// Each case imports one module in a process of its own, which reports every file it has loaded.

import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { promisify } from 'node:util'
import t from 'tap'

const built = (path: string) => new URL(`../../${path}`, import.meta.url).href

/** ES modules are seen by a load hook, CommonJS ones in the require cache. */
const REPORTER = `
  import { createRequire, register } from 'node:module'
  import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads'
  const { port1, port2 } = new MessageChannel()
  const hook = 'let port; export const initialize = (data) => { port = data }; ' +
    'export const load = (url, context, next) => { port.postMessage(url); return next(url, context) }'
  register('data:text/javascript,' + encodeURIComponent(hook), { data: port2, transferList: [port2] })
  await import(process.argv[1])
  const seen = Object.keys(createRequire('/').cache)
  for (let note; (note = receiveMessageOnPort(port1)); ) seen.push(note.message)
  process.stdout.write(JSON.stringify(seen))
  process.exit()
`

async function loadedBy(module: string): Promise<string[]> {
  const args = ['--input-type=module', '--eval', REPORTER, module]
  const { stdout } = await promisify(execFile)(process.execPath, args, { env: { PATH: process.env.PATH } })
  return JSON.parse(stdout)
}

/** What is loaded in every case: tap puts something into the processes that its tests start. */
const always = new Set(await loadedBy('data:text/javascript,'))

const HEAVY =
  /node_modules\/(better-sqlite3|zod|citty|pino|piscina|rou3)\/|dist\/src\/(cli|actors|http|mcp)\//

t.test('importing the SDK loads nothing of the hub', async (t) => {
  const loaded = (await loadedBy(built('src/sdk/index.js'))).filter((file) => !always.has(file))
  t.same(
    loaded.filter((file) => HEAVY.test(file)),
    [],
  )
  const packages = loaded.flatMap((file) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? [])
  t.same([...new Set(packages)], [])
})

t.test('importing the SDK loads only the light files of the protocol and the queue', async (t) => {
  const loaded = await loadedBy(built('src/sdk/index.js'))
  const ours = loaded.flatMap((file) => /dist\/src\/(?!sdk\/)(.*)$/.exec(file)?.[1] ?? [])
  const protocol = [
    'errors',
    'limits',
    'numbers',
    'json',
    'kinds',
    'envelope',
    'timestamps',
    'relay',
    'address',
  ].map((name) => `protocol/${name}.js`)
  const light = [
    ...protocol,
    'fsqueue/submit.js',
    'fsqueue/layout.js',
    'fsqueue/modes.js',
    'crypto.js',
    'cut.js',
    'folder.js',
    'process-stat.js',
    'home.js',
    'links.js',
    'storage-file.js',
    'private-file.js',
    'git-index.js',
  ]
  t.same(
    ours.filter((file) => !light.includes(file)),
    [],
  )
})

t.test('the report would show what the SDK must not load', async (t) => {
  const zod = await loadedBy(built('src/protocol/requests.js'))
  t.ok(zod.some((file) => /node_modules\/zod\//.test(file)))
  const sqlite = await loadedBy(createRequire(import.meta.url).resolve('better-sqlite3'))
  t.ok(sqlite.some((file) => /node_modules\/better-sqlite3\//.test(file)))
  const hub = await loadedBy(built('src/actors/hub.js'))
  t.ok(hub.some((file) => /dist\/src\/actors\//.test(file)))
})
