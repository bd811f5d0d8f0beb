// Runs what a harness would run, as it would: a hook by its command, with a payload on standard input; an MCP server by its
// entry. Both get a folder and an environment of their own, so that they disturb no agent of this machine.

import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** A program with its arguments, or a line for a shell. */
export type Command = string | readonly [program: string, ...args: string[]]

export interface End {
  /** Null: killed, since it did not end. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  readonly tookMs: number
}

const KEPT = ['PATH', 'HOME', 'USERPROFILE', 'SystemRoot', 'ComSpec', 'LANG', 'TEMP', 'TMP']
const HANDSHAKE = {
  protocolVersion: '2025-06-18',
  capabilities: {},
  clientInfo: { name: 'arc-doctor', version: '1' },
}

export class Trial {
  readonly #root = mkdtempSync(join(tmpdir(), 'arc-'))
  /** The working folder, after which an agent without a name is named. */
  readonly folder = join(this.#root, 'arc-doctor')
  readonly #env: Record<string, string>

  /** `hubUrl`: the hub that is asked. Without one, a port at which none answers. */
  constructor(hubUrl: string | undefined) {
    mkdirSync(this.folder)
    const kept = KEPT.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]))
    this.#env = {
      ...Object.fromEntries(kept),
      ARC_BASE_URL: hubUrl ?? 'http://127.0.0.1:1',
      XDG_STATE_HOME: this.#root,
    }
  }

  /** Never rejects: a program that can't be started ends with a status that is not 0. */
  run(command: Command, input: string, patienceMs: number): Promise<End> {
    const startedAt = performance.now()
    const child = this.#start(command)
    let [stdout, stderr] = ['', '']
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    child.stdin?.on('error', () => {}).end(input)
    const timer = setTimeout(() => child.kill('SIGKILL'), patienceMs)
    return new Promise((resolve) => {
      const end = (code: number | null, more = '') => {
        clearTimeout(timer)
        resolve({ code, stdout, stderr: stderr + more, tookMs: performance.now() - startedAt })
      }
      child.once('error', (error) => end(127, error.message))
      child.once('close', (code) => end(code))
    })
  }

  /** The names of the tools of an MCP server. @throws Error that says what it did instead */
  async tools(command: Command, patienceMs: number): Promise<string[]> {
    const child = this.#start(command)
    try {
      return await listed(child, patienceMs)
    } finally {
      child.stdin?.end()
      child.kill()
    }
  }

  close(): void {
    rmSync(this.#root, { recursive: true, force: true })
  }

  #start(command: Command): ChildProcess {
    const options: SpawnOptions = { cwd: this.folder, env: this.#env, stdio: 'pipe' }
    if (typeof command === 'string') return spawn(command, { ...options, shell: true })
    const [program, ...args] = command
    return spawn(program, args, options)
  }
}

function listed(child: ChildProcess, patienceMs: number): Promise<string[]> {
  const send = (message: object) => child.stdin?.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
  let stderr = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  child.stdin?.on('error', () => {})
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('it does not answer')), patienceMs)
    const fail = (why: string) => {
      clearTimeout(timer)
      reject(new Error(why))
    }
    child.once('error', ({ message }) => fail(message))
    child.once('exit', (code) => fail(`it ended with ${code}: ${stderr.trim().slice(-200)}`))
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      const { id, result } = answerIn(line)
      if (id === 1) {
        send({ method: 'notifications/initialized' })
        send({ id: 2, method: 'tools/list' })
      }
      if (id !== 2) return
      clearTimeout(timer)
      resolve((result?.tools ?? []).map(({ name }) => name))
    })
    send({ id: 1, method: 'initialize', params: HANDSHAKE })
  })
}

function answerIn(line: string): { id?: number; result?: { tools?: { name: string }[] } } {
  try {
    return JSON.parse(line)
  } catch {
    return {}
  }
}
