// Runs the agents of an example, each in a process of its own. Their room is a new folder with a hub of its own. Both are gone
// when the agents have ended, unless --keep is given.

import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, delimiter, dirname, extname, join } from 'node:path'
import { createInterface } from 'node:readline'

const manifest = createRequire(import.meta.url).resolve('arc-hub/package.json')
const arc = join(dirname(manifest), JSON.parse(readFileSync(manifest, 'utf8')).bin.arc)

/**
 * @param example the folder that has the agents' scripts
 * @param steps lists of command lines such as `worker.js ann`. The agents of a step start together, when those of the step
 * before have ended.
 */
export async function runRoom(example, ...steps) {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), `arc-${basename(example)}-`))
  const { ARC_BASE_URL: _, ARC_AGENT: __, ...env } = process.env // else agents would go to another hub
  env.PATH = [arcCommand(folder), env.PATH].join(delimiter)
  const arcHere = (...args) =>
    execFileSync(process.execPath, [arc, ...args], { cwd: folder, env, encoding: 'utf8' })

  process.on('SIGINT', () => {}) // Ctrl-C ends the agents; the hub is then stopped below
  const { url } = JSON.parse(arcHere('ensure', '--port', '0', '--json'))
  try {
    for (const agents of steps) {
      await Promise.all(agents.map((agent) => runAgent(example, agent, { cwd: folder, env })))
    }
  } catch (error) {
    console.error(error.message)
    process.exitCode = 1
  }
  if (process.argv.includes('--keep')) {
    console.log(`\nThe room is open: ${url}\nWhen you have seen it: cd ${folder} && ./bin/arc stop`)
  } else {
    arcHere('stop')
    rmSync(folder, { recursive: true })
  }
}

/** Runs a command line to its end. Each line of its output begins with the agent's name. */
async function runAgent(example, commandLine, options) {
  const [script, ...args] = commandLine.split(' ')
  const name = args[0] ?? basename(script, extname(script))
  const program = script.endsWith('.sh') ? 'sh' : process.execPath
  const child = spawn(program, [join(example, script), ...args], {
    ...options,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  for (const input of [child.stdout, child.stderr]) {
    createInterface({ input }).on('line', (line) => console.log(`${name.padEnd(10)}| ${line}`))
  }
  const status = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve))
  if (status !== 0) throw new Error(`${name} has failed`)
}

/** A folder with a command `arc`, for shell scripts: this package may not be installed where they find it. */
function arcCommand(folder) {
  const bin = join(folder, 'bin')
  mkdirSync(bin)
  writeFileSync(join(bin, 'arc'), `#!/bin/sh\nexec "${process.execPath}" "${arc}" "$@"\n`, { mode: 0o755 })
  return bin
}
