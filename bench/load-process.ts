// A load generator that does many jobs, in a child process: it is warm when measuring begins, and one client loads all
// servers that are compared. `withLoad` ends it by its handle.

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { end } from './processes.js'

export type RunJob<Job, Result> = (job: Job) => Promise<Result>

/** Runs a module that calls `answerJobs` in a child process until `work` ends. It does one job at a time. */
export async function withLoad<Job extends object, Result, T>(
  module: URL,
  work: (run: RunJob<Job, Result>) => Promise<T>,
): Promise<T> {
  const child = fork(module, { serialization: 'advanced' })
  try {
    return await work((job) => answerTo(child, job))
  } finally {
    await end(child)
  }
}

/** The child's side. A job that fails ends the child, and with it the benchmark. */
export function answerJobs<Job, Result>(work: (job: Job) => Promise<Result>): void {
  process.on('message', async (job: Job) => process.send?.(await work(job)))
  process.once('disconnect', () => process.exit()) // the bench has ended
}

async function answerTo<Result>(child: ChildProcess, job: object): Promise<Result> {
  const answered = new AbortController()
  const { signal } = answered
  const exited = once(child, 'exit', { signal }).then(([code]) => {
    throw new Error(`${child.spawnargs.join(' ')} ended with ${code} before it answered`)
  })
  child.send(job)
  try {
    const [result] = (await Promise.race([once(child, 'message', { signal }), exited])) as [Result]
    return result
  } finally {
    exited.catch(() => {}) // nobody waits for it now
    answered.abort()
  }
}
