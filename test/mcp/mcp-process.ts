// `arc mcp` as a program starts it: by the official client, or by lines written by hand.

import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import type { Test } from 'tap'
import { PROGRAM } from '../../src/package.js'
import { ownFolder } from '../support/folder.js'

export interface Surroundings {
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** As the program names itself. */
  readonly name?: string
}

/** A folder of its own is the user's home, so that no test finds what another one has remembered. */
function environment(t: Test, env: Readonly<Record<string, string>> = {}): Record<string, string> {
  const home = ownFolder(t)
  return { PATH: process.env.PATH ?? '', HOME: home, XDG_STATE_HOME: home, ...env }
}

export interface ToolAnswer {
  readonly text: string
  readonly isError: boolean
}

/** A program with a model, as its server sees it. */
export class Program {
  readonly client: Client
  readonly #transport: StdioClientTransport
  stderr = ''

  private constructor(client: Client, transport: StdioClientTransport) {
    this.client = client
    this.#transport = transport
    transport.stderr?.on('data', (chunk: Buffer) => {
      this.stderr += chunk
    })
  }

  static async start(
    t: Test,
    { args = [], env, cwd = ownFolder(t), name = 'a program' }: Surroundings,
    era: 'legacy' | 'auto' = 'auto',
  ): Promise<Program> {
    const transport = new StdioClientTransport({
      command: process.execPath,
      args: [PROGRAM, 'mcp', ...args],
      env: environment(t, env),
      cwd,
      stderr: 'pipe',
    })
    const client = new Client({ name, version: '1' }, { versionNegotiation: { mode: era } })
    const program = new Program(client, transport)
    await client.connect(transport)
    t.teardown(() => client.close())
    return program
  }

  get pid(): number {
    return this.#transport.pid ?? 0
  }

  async call(name: string, args: Record<string, unknown> = {}): Promise<ToolAnswer> {
    const { content, isError = false } = await this.client.callTool({ name, arguments: args })
    const [part] = content
    return { text: part?.type === 'text' ? part.text : '', isError }
  }

  /** The text of a call that succeeds. */
  async text(name: string, args?: Record<string, unknown>): Promise<string> {
    const { text, isError } = await this.call(name, args)
    if (isError) throw new Error(`${name}: ${text}`)
    return text
  }
}

/** A server whose input and output the test reads and writes itself. */
export class RawServer {
  readonly child: ChildProcess
  readonly lines: string[] = []
  readonly exited: Promise<number | null>
  /** When it has ended and all that it wrote is in `lines`. */
  readonly closed: Promise<void>
  stderr = ''

  constructor(t: Test, { args = [], env, cwd = ownFolder(t) }: Surroundings) {
    const options = { env: environment(t, env), cwd }
    this.child = spawn(process.execPath, [PROGRAM, 'mcp', ...args], options)
    if (!this.child.stdout) throw new Error('no output')
    const reader = createInterface({ input: this.child.stdout }).on('line', (line) => this.lines.push(line))
    this.closed = new Promise((resolve) => reader.once('close', resolve))
    this.child.stderr?.on('data', (chunk: Buffer) => {
      this.stderr += chunk
    })
    this.child.stdin?.on('error', () => {})
    this.exited = new Promise((resolve) => this.child.once('exit', resolve))
    t.teardown(() => this.child.kill('SIGKILL'))
  }

  send(message: object): void {
    this.child.stdin?.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
  }

  /** The handshake of an older protocol. */
  initialize(protocolVersion: string, name = 'codex-mcp-client'): void {
    const params = { protocolVersion, capabilities: {}, clientInfo: { name, version: '1' } }
    this.send({ id: 'hello', method: 'initialize', params })
    this.send({ method: 'notifications/initialized' })
  }

  call(id: number, name: string, args: object = {}, meta?: object): void {
    this.send({ id, method: 'tools/call', params: { name, arguments: args, ...(meta && { _meta: meta }) } })
  }

  /** The answer to a request, once it is there. */
  answer(id: number | string): RawAnswer | undefined {
    return this.lines.flatMap(wholeLine).find((message) => message.id === id)
  }
}

/** A server that was killed may leave a part of its last line. */
function wholeLine(line: string): RawAnswer[] {
  try {
    return [JSON.parse(line) as RawAnswer]
  } catch {
    return []
  }
}

export interface RawAnswer {
  readonly id: number | string
  readonly error?: { readonly code: number; readonly message: string }
  readonly result?: {
    readonly protocolVersion?: string
    readonly isError?: boolean
    readonly content?: readonly { readonly text: string }[]
    readonly tools?: readonly { readonly name: string }[]
  }
}
