// PROTOCOL §10: what is one thing when the host looks at it and another when it uses it. Folders turn into
// links and back while they are written to and read from, requests turn into links between look, claim
// and read: nothing outside the spool is touched, and every request gets its answer.

import { closeSync, existsSync, openSync, renameSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import t, { type Test } from 'tap'
import { Arena } from '../support/arena.js'
import { Random, rounds } from '../support/campaign.js'
import type { RawAgent } from '../support/raw-agent.js'
import { until } from '../support/waiting.js'

const ROUNDS = rounds(150, 1_000)
/** Requests on their way at once. */
const DEPTH = 8

const onLinux = process.platform === 'linux' ? false : 'holds a folder by its descriptor'

const arena = await Arena.enter(t)

/** Swaps a folder for a link to the canary, round after round; settles when it is a folder for good. */
function swap(t: Test, folder: string): Promise<unknown> {
  const workerData = { folder, aside: join(arena.spool, 'aside'), target: arena.outside, rounds: ROUNDS }
  const worker = new Worker(new URL('./swap-folder.js', import.meta.url), { workerData, execArgv: [] })
  t.teardown(() => worker.terminate())
  return new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
}

/** Submits requests for as long as the swaps last; the stems that could be submitted. */
async function submitDuring(evil: RawAgent, swaps: Promise<unknown>): Promise<string[]> {
  const stems: string[] = []
  let goesOn = true
  void swaps.finally(() => {
    goesOn = false
  })
  while (goesOn) {
    try {
      stems.push(evil.say('swapped'))
    } catch {
    } finally {
      await new Promise((resolve) => setTimeout(resolve, stems.length % DEPTH === 0 ? 2 : 0))
    }
  }
  return stems
}

t.test('a folder of responses that is swapped for a link in the midst of writing', async (t) => {
  const evil = arena.agent('evil-answers')
  await evil.ask('GET', '/v1/hub-info')
  const stems = await submitDuring(evil, swap(t, evil.responses))
  for (const stem of stems) t.equal((await evil.response(stem)).status, 201)
  t.comment(`${ROUNDS} swaps, ${stems.length} requests`)
  await arena.unharmed(t)
})

t.test('an agent folder that is swapped for a link in the midst of reading', { skip: onLinux }, async (t) => {
  const evil = arena.agent('evil-requests')
  await evil.ask('GET', '/v1/hub-info')
  const descriptor = openSync(evil.requests, 'r')
  t.teardown(() => closeSync(descriptor))
  const swaps = swap(t, evil.requests)
  // Through a descriptor the requests get into the folder, wherever it is just now.
  const steady = Object.assign(evil, { requests: `/proc/self/fd/${descriptor}` })
  const stems = await submitDuring(steady, swaps)
  for (const stem of stems) t.equal((await evil.response(stem)).status, 201)
  t.comment(`${ROUNDS} swaps, ${stems.length} requests`)
  await arena.unharmed(t)
})

t.test('requests that are swapped for links between look, claim and read', async (t) => {
  const evil = arena.agent('evil-files')
  const random = new Random()
  t.comment(`seed ${random.seed}`)
  const statuses = new Map<number, number>()
  for (let round = 0; round < ROUNDS; round++) {
    const stem = evil.say('swapped')
    const link = join(evil.requests, 'link')
    symlinkSync(arena.secret, link)
    const submitted = join(evil.requests, `${stem}.json`)
    const claimed = join(evil.requests, `${stem}.work`)
    if (random.next() < 0.5) {
      const strikeAt = performance.now() + random.next() * 3
      while (performance.now() < strikeAt && !existsSync(claimed));
      renameSync(link, submitted)
    } else {
      await until('the claim', () => existsSync(claimed))
      renameSync(link, claimed)
    }
    const { status } = await evil.response(stem)
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
  }
  t.strictSame(
    [...statuses.keys()].filter((status) => status !== 201 && status !== 400),
    [],
    'each was executed as it was, or refused',
  )
  t.comment(`${ROUNDS} swaps: ${JSON.stringify(Object.fromEntries(statuses))}`)
  await arena.unharmed(t)
})

t.test('a claimed request that is taken away gets its answer all the same', async (t) => {
  const evil = arena.agent('evil-taker')
  const away = join(arena.spool, 'away')
  for (let round = 0; round < ROUNDS; round++) {
    const stem = evil.say('taken')
    const claimed = join(evil.requests, `${stem}.work`)
    const deadline = performance.now() + 100
    while (!existsSync(claimed) && performance.now() < deadline);
    try {
      renameSync(claimed, away)
    } catch {
      // not claimed yet
    }
    const { status } = await evil.response(stem)
    if (status !== 201 && status !== 400) t.fail(`${stem} got ${status}`)
  }
  await arena.unharmed(t)
})

t.test('all the time the others were served', (t) => arena.leave(t))
