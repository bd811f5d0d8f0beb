// A stage for one run of a real program: a home of its own in which `arc setup` has written, a project with a hub, a scripted
// model, and an agent that watches. The namespace around it has loopback alone.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execPath } from 'node:process'
import { fileURLToPath } from 'node:url'
import { PACKAGE_ROOT } from '../../../src/package.js'
import { ArcClient } from '../../../src/sdk/index.js'
import { type ScriptedModel, type Step, scriptedModel } from './model.js'
import type { Program } from './programs.js'
import { Terminal } from './terminal.js'

/** The program that is proved. */
export const ARC = fileURLToPath(new URL('./dist/program/main.cjs', PACKAGE_ROOT))
const RUN_MS = 120_000
const READY_MS = 60_000
const SHOWN_OUTPUT = 2_000

export interface Stage {
  readonly url: string
  readonly alice: ArcClient
  /** The folder of the project. */
  readonly work: string
  /** The agent that the program will be: its hooks name it after itself and the project's folder. */
  readonly agentId: string
  /** A command for the shell of the model. */
  readonly command: string
  /** The same for one that ends when a message for the agent has come. */
  readonly waitCommand: string
  isRunning(): boolean
  /** Does something while the command runs, which ends afterwards. */
  whileRunning(work: () => Promise<void>): Promise<void>
  /**
   * Runs the program to its end, or until the given condition holds: then it is killed, with all that it has started. `setup`:
   * further words of `arc setup`. `isEditing`: the model needs a tool that edits.
   */
  run(script: readonly Step[], arrived: (request: number) => void, options?: RunOptions): Promise<Run>
  /** Runs the program in a terminal with `arc setup --wake`, types a prompt, and does `work` then. */
  inTerminal<T>(script: readonly Step[], work: (model: ScriptedModel) => Promise<T>): Promise<T | string>
  close(): Promise<void>
}

export interface RunOptions {
  readonly until?: () => Promise<boolean>
  readonly setup?: readonly string[]
  readonly isEditing?: boolean
}

export interface Run {
  readonly model: ScriptedModel
  readonly output: string
  /** When it ended or was killed. */
  readonly endedAt: number
}

export async function stage(program: Program, installed: string): Promise<Stage> {
  const { harness } = program
  const folder = mkdtempSync(join(tmpdir(), `arc-${harness}-`))
  const [home, work, temporary] = [join(folder, 'home'), join(folder, 'work'), join(folder, 'tmp')]
  for (const one of [home, work, temporary]) mkdirSync(one)
  const env = {
    PATH: `${join(execPath, '..')}:/usr/bin:/bin`,
    HOME: home,
    TMPDIR: temporary,
    LANG: 'C.UTF-8',
    TERM: 'dumb',
    SHELL: '/bin/bash',
    DO_NOT_TRACK: '1',
  }
  const arc = (...args: string[]) =>
    execFileSync(execPath, [ARC, ...args], { cwd: work, env, encoding: 'utf8' })
  const { url } = JSON.parse(arc('ensure', '--json')) as { url: string }
  const alice = await ArcClient.quickstart('alice', { baseUrl: url })
  let isOver = false
  const [running, over] = [join(work, 'running'), join(work, 'over')]
  // A program that is killed leaves its shell behind: the script ends with its folder.
  writeFileSync(
    join(work, 'wait.sh'),
    'touch running\nwhile [ -e running ] && [ ! -e over ]; do sleep 0.05; done\n',
  )
  writeFileSync(join(work, 'mail.sh'), `${execPath} ${ARC} wait --agent ${harness}-work\n`)

  return {
    url,
    alice,
    work,
    agentId: `${harness}-work`,
    command: 'sh wait.sh',
    waitCommand: 'sh mail.sh',
    isRunning: () => existsSync(running),
    async whileRunning(work) {
      while (!existsSync(running)) {
        if (isOver) return
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      await work()
      writeFileSync(over, '')
    },
    async run(script, arrived, { until, setup = [], isEditing = false } = {}) {
      const model = await scriptedModel(script, arrived)
      try {
        const { command, env: own } = program.setUp({
          installed,
          home,
          work,
          modelPort: model.port,
          isEditing,
        })
        arc('setup', harness, '--permissions', ...setup, '--no-json')
        const [file = '', ...args] = command
        const child = spawn(file, args, {
          cwd: work,
          env: { ...env, ...own },
          stdio: ['ignore', 'pipe', 'pipe'],
          detached: true,
        })
        return { model, ...(await ended(child, until)) }
      } finally {
        model.close()
      }
    },
    async inTerminal(script, work_) {
      const { wakes } = program
      if (!wakes) return 'it has no way'
      const model = await scriptedModel(script, () => {})
      const start = program.setUp({ installed, home, work, modelPort: model.port })
      arc('setup', harness, '--permissions', '--wake', '--no-json')
      wakes.prepare?.({ installed, home, work })
      const own = { ...env, ...start.env, TERM: 'xterm-256color' }
      const terminal = new Terminal(wakes.command(start), work, own)
      try {
        if (!(await terminal.shows(wakes.ready, READY_MS))) return `it did not start: ${terminal.screen}`
        await terminal.type('Say hello.')
        await terminal.press('Enter')
        const result = await work_(model)
        if (process.env.ARC_SCREENS) console.log(terminal.screen)
        return result
      } finally {
        await terminal.close()
        endDaemons(home)
        model.close()
      }
    },
    async close() {
      isOver = true
      await alice.close()
      arc('stop')
      rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 200 })
    },
  }
}

/** Codex leaves a daemon and its updater behind: they are ended by the ids in their own files. */
function endDaemons(home: string): void {
  for (const name of ['daemon-updater.pid', 'daemon.pid']) {
    try {
      const text = readFileSync(join(home, '.codex/app-server-daemon', name), 'utf8')
      const pid = Number(/"pid":\s*([0-9]+)/.exec(text)?.[1])
      if (readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('codex')) process.kill(pid)
    } catch {
      // there is none
    }
  }
}

async function ended(child: ChildProcess, until?: () => Promise<boolean>): Promise<Omit<Run, 'model'>> {
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  const kill = () => {
    try {
      process.kill(-(child.pid as number), 'SIGKILL')
    } catch {
      // It has just ended.
    }
  }
  const timer = setTimeout(kill, RUN_MS)
  let killedAt: number | undefined
  const look = async () => {
    while (child.exitCode === null && child.signalCode === null) {
      if (await until?.()) {
        killedAt = Date.now()
        kill()
        return
      }
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
  const exit = once(child, 'exit')
  if (until) await look()
  const [code] = (await exit) as [number | null]
  clearTimeout(timer)
  if (code !== 0 && killedAt === undefined) console.log(`ended with ${code}:\n${output.slice(-SHOWN_OUTPUT)}`)
  return { output, endedAt: killedAt ?? Date.now() }
}
