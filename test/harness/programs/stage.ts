// A stage for one run of a real program: a home of its own in which `arc setup` has written, a project with a hub, a scripted
// model, and an agent that watches. The namespace around it has loopback alone.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execPath } from 'node:process'
import { fileURLToPath } from 'node:url'
import { PACKAGE_ROOT } from '../../../src/package.js'
import { ArcClient } from '../../../src/sdk/index.js'
import { type ScriptedModel, type Step, scriptedModel } from './model.js'
import type { Program } from './programs.js'

/** The program that is proved. */
export const ARC = fileURLToPath(new URL('./dist/program/main.cjs', PACKAGE_ROOT))
const RUN_MS = 120_000
const SHOWN_OUTPUT = 2_000

export interface Stage {
  readonly url: string
  readonly alice: ArcClient
  /** The agent that the program will be: its hooks name it after itself and the project's folder. */
  readonly agentId: string
  /** A command for the shell of the model. */
  readonly command: string
  isRunning(): boolean
  /** Does something while the command runs, which ends afterwards. */
  whileRunning(work: () => Promise<void>): Promise<void>
  /** Runs the program to its end, or until the given condition holds: then it is killed, with all that it has started. */
  run(
    script: readonly Step[],
    arrived: (request: number) => void,
    until?: () => Promise<boolean>,
  ): Promise<Run>
  close(): Promise<void>
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

  return {
    url,
    alice,
    agentId: `${harness}-work`,
    command: 'sh wait.sh',
    isRunning: () => existsSync(running),
    async whileRunning(work) {
      while (!existsSync(running)) {
        if (isOver) return
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      await work()
      writeFileSync(over, '')
    },
    async run(script, arrived, until) {
      const model = await scriptedModel(script, arrived)
      try {
        const { command, env: own } = program.setUp({ installed, home, work, modelPort: model.port })
        arc('setup', harness, '--permissions', '--no-json')
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
    async close() {
      isOver = true
      await alice.close()
      arc('stop')
      rmSync(folder, { recursive: true, force: true })
    },
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
