// Reads the payload of a hook call: from a standard input that may begin with byte order marks, be empty, or never end.

import { fstatSync } from 'node:fs'
import type { HarnessName, Payload } from './harness.js'

/** Milliseconds to wait for a payload, and for the next part of one. */
const PATIENCE_MS = 1_000

/** The payload; empty if none comes. It does not wait for the end of the input once the JSON is whole. */
export function readPayload(input: NodeJS.ReadStream = process.stdin): Promise<Payload> {
  if (isNothing()) return Promise.resolve({})
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    const end = new ObjectEnd()
    const finish = (payload: Payload) => {
      clearTimeout(timer)
      input.removeAllListeners()
      input.on('error', () => {})
      input.destroy()
      resolve(payload)
    }
    const look = () => {
      const payload = parsed(Buffer.concat(chunks).toString('utf8'))
      if (payload) finish(payload)
    }
    const timer = setTimeout(() => finish({}), PATIENCE_MS)
    input.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      timer.refresh()
      if (end.isIn(chunk)) look()
    })
    input.on('end', () => finish(parsed(Buffer.concat(chunks).toString('utf8')) ?? {}))
    input.on('error', () => finish({}))
  })
}

const [QUOTE, BACKSLASH] = [0x22, 0x5c]
const [OPEN, CLOSE] = [new Set([0x7b, 0x5b]), new Set([0x7d, 0x5d])]

/** Looks for the end of a JSON object in its parts. A payload may have megabytes, so each byte is looked at once. */
class ObjectEnd {
  #depth = 0
  #isInText = false
  #isEscaped = false

  /** Whether a part closes what the ones before have opened. */
  isIn(chunk: Buffer): boolean {
    let isClosed = false
    for (const byte of chunk) {
      if (this.#isEscaped) this.#isEscaped = false
      else if (this.#isInText && byte === BACKSLASH) this.#isEscaped = true
      else if (byte === QUOTE) this.#isInText = !this.#isInText
      else if (!this.#isInText && OPEN.has(byte)) this.#depth++
      else if (!this.#isInText && CLOSE.has(byte)) isClosed = --this.#depth <= 0
    }
    return isClosed
  }
}

function isNothing(): boolean {
  try {
    return process.stdin.isTTY || fstatSync(0).isCharacterDevice()
  } catch {
    return true
  }
}

function parsed(text: string): Payload | undefined {
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF+/, ''))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Payload) : {}
  } catch {
    return undefined
  }
}

/** A member that is a string, by the first of these names. */
export function textOf(payload: Payload, ...names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = payload[name]
    if (typeof value === 'string' && value !== '') return value
  }
  return undefined
}

/** The folder in which the agent works. Cursor calls the hooks of a user in a folder of its own. */
export function folderOf(payload: Payload): string | undefined {
  const roots: unknown = payload.workspace_roots
  const [root] = Array.isArray(roots) ? roots : []
  return textOf(payload, 'cwd') ?? (typeof root === 'string' ? root : undefined)
}

/**
 * The harness that really calls, where the payload or the environment tells: Cursor, Copilot and VS Code also read the hooks
 * of Claude Code, and would hand over every message twice.
 */
export function callerOf(payload: Payload, env: NodeJS.ProcessEnv): HarnessName | 'vscode' | undefined {
  if ('cursor_version' in payload || env.CURSOR_VERSION !== undefined) return 'cursor'
  if ('hookEventName' in payload && 'sessionId' in payload) return 'vscode'
  const isClaude =
    env.CLAUDE_CODE_SESSION_ID !== undefined && env.CLAUDE_CODE_SESSION_ID === payload.session_id
  if (isClaude) return 'claude'
  return 'sessionId' in payload || env.COPILOT_CLI !== undefined ? 'copilot' : undefined
}

/** Subagents share the session of their agent, and are not agents of the room. */
export function isSubagent(payload: Payload): boolean {
  return 'agent_id' in payload || 'agent_type' in payload
}
