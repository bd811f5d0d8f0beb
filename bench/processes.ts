// Child processes of a benchmark: servers that report their port, and workers that do one job. Each is ended by its
// handle.

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { PACKAGE_ROOT } from '../src/package.js'

export interface ServerProcess {
  readonly port: number
  readonly pid: number
  stop(): Promise<void>
}

/** The bundled program of a load generator or a baseline, by the name of its source. */
export const script = (name: string) => new URL(`./dist/program/bench-${name}.js`, PACKAGE_ROOT)

/** Starts a server module that sends `{port}` when it listens. */
export async function startServer(module: URL, args: readonly string[] = []): Promise<ServerProcess> {
  const child = fork(module, args)
  const [{ port }] = (await firstMessage(child)) as [{ port: number }]
  return { port, pid: child.pid ?? 0, stop: () => end(child) }
}

/** Runs a module that calls `answerJob` in a child process for one job, and returns the result. */
export async function runJob<Job extends object, Result>(module: URL, job: Job): Promise<Result> {
  const child = fork(module, { serialization: 'advanced' })
  child.send(job)
  const [result] = (await firstMessage(child)) as [Result]
  await end(child)
  return result
}

/** The child's side of `runJob`. */
export function answerJob<Job, Result>(work: (job: Job) => Promise<Result>): void {
  process.once('message', async (job: Job) => process.send?.(await work(job)))
}

async function firstMessage(child: ChildProcess): Promise<unknown[]> {
  const exited = once(child, 'exit').then(([code]) => {
    throw new Error(`${child.spawnargs.join(' ')} ended with ${code} before it answered`)
  })
  return Promise.race([once(child, 'message'), exited])
}

/** Sends SIGTERM to a child, and waits for its end. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  await exited
}
