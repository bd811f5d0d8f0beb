// A load generator that stays for many jobs: it has warmed up when the time is taken, and what is held
// against each other was loaded by one and the same client. Ended by its own handle.

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { end } from './processes.js'

export type RunJob<Job, Result> = (job: Job) => Promise<Result>

/** A process of a module that calls `answerJobs`, for the duration of `work`; it does one job at a time. */
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

/** The load's side. A job that fails ends the process, and so the benchmark. */
export function answerJobs<Job, Result>(work: (job: Job) => Promise<Result>): void {
  process.on('message', async (job: Job) => process.send?.(await work(job)))
  process.once('disconnect', () => process.exit()) // the bench has gone
}

async function answerTo<Result>(child: ChildProcess, job: object): Promise<Result> {
  const answered = new AbortController()
  const { signal } = answered
  const gone = once(child, 'exit', { signal }).then(([code]) => {
    throw new Error(`${child.spawnargs.join(' ')} ended with ${code} before it answered`)
  })
  child.send(job)
  try {
    const [result] = (await Promise.race([once(child, 'message', { signal }), gone])) as [Result]
    return result
  } finally {
    gone.catch(() => {}) // it is not waited for any more
    answered.abort()
  }
}
