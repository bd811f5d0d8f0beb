// Asks the person at the terminal before something can't be undone. Programs are asked nothing: their output is read by
// scripts, and nobody would answer.

import { createInterface } from 'node:readline/promises'

export const isAtTerminal = (): boolean => process.stdin.isTTY === true && process.stderr.isTTY === true

/** Asks on standard error. Anything but a yes is a no, the end of the input too. */
export async function agreesTo(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  const ended = new Promise<string>((resolve) => terminal.once('close', () => resolve('')))
  try {
    const answer = await Promise.race([terminal.question(`${question} [y/N] `), ended])
    return /^y(es)?$/i.test(answer.trim())
  } finally {
    terminal.close()
  }
}
