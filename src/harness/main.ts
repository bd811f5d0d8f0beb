// `arc hook <harness> [EVENT] [--agent NAME]`, as a program of its own: a hook loads nothing that it does not need.

import { claude } from './claude.js'
import { codex } from './codex.js'
import { copilot } from './copilot.js'
import { cursor } from './cursor.js'
import { gemini } from './gemini.js'
import type { Harness, HarnessName } from './harness.js'
import { runHook } from './hook.js'
import { qwen } from './qwen.js'

export const HARNESSES: Readonly<Record<HarnessName, Harness>> = {
  claude,
  codex,
  gemini,
  qwen,
  copilot,
  cursor,
}
/** The hub gets 0.9 s, the payload 1 s. */
const DEADLINE_MS = 2_000

/** `args` follow `hook`. Ends the process with 0, whatever happens. */
export async function main(args: readonly string[]): Promise<void> {
  setTimeout(() => process.exit(0), DEADLINE_MS).unref()
  process.on('uncaughtException', () => process.exit(0))
  const at = args.indexOf('--agent')
  const agent = at === -1 ? undefined : args[at + 1]
  const isWaking = args.includes('--wake')
  const words = args.filter((word, i) => word !== '--wake' && (at === -1 || (i !== at && i !== at + 1)))
  const [name = '', event] = words
  const harness = Object.hasOwn(HARNESSES, name) ? HARNESSES[name as HarnessName] : undefined
  if (harness) await runHook(harness, { agent, event, isWaking })
  process.exit(0)
}
