// Runs `hook.cjs` as a harness does: a process with a payload on its standard input.

import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { PACKAGE_ROOT } from '../../src/package.js'
import '../support/bare-children.js'

const programAt = (name: string) => fileURLToPath(new URL(`./dist/program/${name}`, PACKAGE_ROOT))
const HOOK = programAt('hook.cjs')
export const WATCH = programAt('watch.cjs')

export interface HookCall {
  readonly args: readonly string[]
  /** Default: `hook.cjs`. */
  readonly program?: string
  /** JSON of an object; a text as it is. */
  readonly payload: object | string
  readonly env?: Readonly<Record<string, string>>
  /** Leaves the standard input open. */
  readonly isOpen?: boolean
  /** Called with the process, to kill it. */
  readonly started?: (kill: () => void) => void
}

export interface HookEnd {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  readonly tookMs: number
}

export function runHook({
  args,
  program = HOOK,
  payload,
  env = {},
  isOpen = false,
  started,
}: HookCall): Promise<HookEnd> {
  const startedAt = performance.now()
  const child = spawn(process.execPath, [program, ...args], {
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  started?.(() => child.kill('SIGKILL'))
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  child.stdin.on('error', () => {})
  child.stdin.write(typeof payload === 'string' ? payload : JSON.stringify(payload))
  if (!isOpen) child.stdin.end()
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, stdout, stderr, tookMs: performance.now() - startedAt }))
  })
}
