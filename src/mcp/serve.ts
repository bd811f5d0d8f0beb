// One run of the MCP server on standard input and output. It ends when the program that it serves closes the input, sends a
// signal, or is gone.

import { serveStdio } from '@modelcontextprotocol/server/stdio'
import { isAlive } from '../process-stat.js'
import { Agents, type Way } from './agents.js'
import { Answers } from './answers.js'
import { mcpServer } from './server.js'

const LOOK_MS = 500
/** What the hub gets at the end. */
const FAREWELL_MS = 2_000

export interface ServeOptions {
  readonly way: Way
  /** Default: ARC_AGENT, else the agent that the session has, else a new name. */
  readonly agent?: string | undefined
}

/** Resolves when the server has ended. */
export async function serve({ way, agent }: ServeOptions): Promise<void> {
  const agents = new Agents(way, agent)
  await new Promise<void>((end) => {
    const answers = new Answers(end)
    endWithParent(end)
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => end())
    const onerror = (error: Error) => console.error(`arc mcp: ${sentenceOf(error)}`)
    serveStdio(() => mcpServer(agents, answers), { transport: answers, onerror })
  })
  const late = new Promise<void>((resolve) => setTimeout(resolve, FAREWELL_MS))
  await Promise.race([agents.close(), late])
}

/** A program that is killed may leave the input open: other processes may have it. */
function endWithParent(end: () => void): void {
  const parent = process.ppid
  setInterval(() => {
    if (process.ppid !== parent || !isAlive(parent)) end()
  }, LOOK_MS)
}

/** The schema's own error is a page of JSON. */
function sentenceOf({ name, message }: Error): string {
  return /^\$?Zod/.test(name)
    ? 'a line is no message of JSON-RPC, such as a batch; it gets no answer'
    : message
}
