// A terminal in which a program runs as a person sees it. The test plays the person who types.

import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'

const WIDTH = '130'
const HEIGHT = '45'
const READ_MS = 200
const END_MS = 5_000

export class Terminal {
  readonly #name = `arc-${process.pid}-${Date.now()}`

  constructor(command: readonly string[], cwd: string, env: Readonly<Record<string, string>>) {
    const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`)
    const start = ['-f', '/dev/null', 'new-session', '-d', '-x', WIDTH, '-y', HEIGHT, '-c', cwd]
    this.#tmux(...start, 'env', '-i', ...variables, ...command)
  }

  get screen(): string {
    try {
      return this.#tmux('capture-pane', '-p').replace(/\s+$/gm, '')
    } catch {
      return '' // the program has ended
    }
  }

  /** False if it is not seen within `ms`. */
  async shows(text: RegExp, ms: number): Promise<boolean> {
    for (const deadline = Date.now() + ms; Date.now() < deadline; ) {
      if (text.test(this.screen)) return true
      await new Promise((resolve) => setTimeout(resolve, READ_MS))
    }
    return false
  }

  async type(text: string): Promise<void> {
    this.#tmux('send-keys', '-l', '--', text)
    await new Promise((resolve) => setTimeout(resolve, READ_MS * 2))
  }

  async press(key: string): Promise<void> {
    this.#tmux('send-keys', key)
    await new Promise((resolve) => setTimeout(resolve, READ_MS * 2))
  }

  /** The program is gone then. */
  async close(): Promise<void> {
    let pid = 0
    try {
      pid = Number(this.#tmux('display-message', '-p', '#{pane_pid}'))
      this.#tmux('kill-server')
    } catch {
      // The program has ended by itself.
    }
    for (const deadline = Date.now() + END_MS; pid > 0 && existsSync(`/proc/${pid}`); ) {
      if (Date.now() > deadline) process.kill(pid, 'SIGKILL')
      await new Promise((resolve) => setTimeout(resolve, READ_MS))
    }
  }

  #tmux(...args: readonly string[]): string {
    return execFileSync('tmux', ['-L', this.#name, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  }
}
