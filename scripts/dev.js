// `npm run dev`: a hub on temporary storage that follows the sources, and the page beside it with hot reload.
//
//   npm run dev [-- --port 7000 …]     options of `arc`; the hub takes any free port unless one is given
//
// The compiler watches src/, test/ and bench/. After a build without errors that changes a compiled file, this script bundles
// the program and restarts the hub, on the same port and storage. vite serves the page from its sources, and passes /v1 on to
// the hub. Ctrl-C ends it: the hub stops in order, and its storage is removed.

import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer as createNetServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { createServer } from 'vite'
import { bundle } from './bundle.js'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const BUILT = 'Found 0 errors.'

const folder = mkdtempSync(join(tmpdir(), 'arc-dev-'))
const hubArgs = process.argv.slice(2)
const port = hubArgs.includes('--port') ? Number(hubArgs[hubArgs.indexOf('--port') + 1]) : await freePort()
const url = `http://127.0.0.1:${port}`
let hub
let page
/** The hash of the bundled files. The compiler reports a build for any change, also if no compiled file changed. */
let built
let ending = false
/** The queue of builds, restarts and the end: they run one after another. */
let turn = Promise.resolve()

const compiler = spawn(join(ROOT, 'node_modules/.bin/tsc'), ['--watch', '--preserveWatchOutput'], {
  cwd: ROOT,
  stdio: ['ignore', 'pipe', 'inherit'],
})
createInterface({ input: compiler.stdout }).on('line', (line) => {
  if (line.trim() !== '') console.log(line)
  if (line.includes(BUILT)) turn = turn.then(restart).catch((error) => console.error(error))
})
compiler.on('exit', () => end(1))
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => end(0))

async function restart() {
  const hash = hashOf(join(ROOT, 'dist/src'))
  if (ending || hash === built) return
  built = hash
  await stopHub() // while a hub starts, it reads what the bundler replaces
  await bundle()
  const args = [
    'dist/program/main.cjs',
    '--storage',
    join(folder, 'arc.sqlite3'),
    '--spool-dir',
    join(folder, 'spool'),
  ]
  // In a process group of its own: at Ctrl-C only this script signals the hub, once.
  hub = spawn(process.execPath, [...args, '--port', `${port}`, ...hubArgs], {
    cwd: ROOT,
    stdio: 'inherit',
    detached: true,
  })
  page ??= await servePage()
}

async function servePage() {
  const server = await createServer({
    configFile: join(ROOT, 'vite.config.ts'),
    server: { host: '127.0.0.1', proxy: { '/v1': { target: url, changeOrigin: false } } },
    clearScreen: false,
  })
  await server.listen()
  console.log(`the page, from its sources: ${server.resolvedUrls?.local[0]}`)
  console.log(`the hub: ${url} (for commands: npx arc … --port ${port})`)
  return server
}

function hashOf(folder) {
  const hash = createHash('sha256')
  for (const name of readdirSync(folder, { recursive: true }).sort()) {
    if (name.endsWith('.js')) hash.update(readFileSync(join(folder, name)))
  }
  return hash.digest('hex')
}

async function stopHub() {
  if (!hub || hub.exitCode !== null || hub.signalCode !== null) return
  hub.kill('SIGTERM')
  await once(hub, 'exit')
}

async function end(status) {
  if (ending) return
  ending = true
  compiler.kill('SIGTERM')
  await turn
  await Promise.all([stopHub(), page?.close()])
  rmSync(folder, { recursive: true, force: true })
  process.exit(status)
}

async function freePort() {
  const probe = createNetServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address()
  probe.close()
  return port
}
