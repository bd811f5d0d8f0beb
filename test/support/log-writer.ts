// The program of `test/actors/fixtures/log-writer.ts`, with a standard error of the test's choice.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import type { Order } from '../actors/fixtures/log-writer.js'

const SCRIPT = fileURLToPath(new URL('../actors/fixtures/log-writer.js', import.meta.url))

export class LogWriter {
  readonly child: ChildProcess
  readonly exited: Promise<unknown[]>

  constructor(t: Test, stderr: number | 'pipe', args: readonly (string | number)[] = []) {
    const { NODE_OPTIONS: _, ...env } = process.env
    this.child = spawn(process.execPath, [SCRIPT, ...args.map(String)], {
      stdio: ['ignore', 'ignore', stderr, 'ipc'],
      env,
    })
    this.exited = once(this.child, 'exit')
    t.teardown(() => this.child.kill('SIGKILL'))
  }

  /** The pipe of its standard error. */
  get stderr(): Readable {
    if (!this.child.stderr) throw new Error('its standard error is no pipe')
    return this.child.stderr
  }

  /** Settles when it has logged `lines` lines. @throws Error if it ends before */
  async log(lines: number, bytes = 100): Promise<void> {
    this.child.send({ lines, bytes } satisfies Order)
    const ended = this.exited.then((how) => {
      throw new Error(`it ended with ${how}`)
    })
    await Promise.race([once(this.child, 'message'), ended])
  }

  /** Lets it end. Resolves with its exit status. */
  async end(): Promise<unknown> {
    this.child.disconnect()
    const [code] = await this.exited
    return code
  }

  /** Lets it end by an uncaught error. */
  async crash(): Promise<unknown> {
    this.child.send('crash' satisfies Order)
    const [code] = await this.exited
    return code
  }
}
