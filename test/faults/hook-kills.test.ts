// Hooks are killed by SIGKILL at random moments. No message is lost. None is marked as shown whose text did not reach the
// harness whole: the harness is the reader of the hook's standard output.

import t from 'tap'
import { ArcClient } from '../../src/sdk/index.js'
import { runHook } from '../harness/hook-process.js'
import { Random, rounds } from '../support/campaign.js'
import { ownFolder } from '../support/folder.js'
import { startTestHub } from '../support/hub.js'
import { until } from '../support/waiting.js'

const ROUNDS = rounds(25, 500)
/** When a hook is killed, as parts of the life of those before it that came to their end. */
const MOMENTS = { from: 0.3, to: 1.1 }
/** The part of the newest of these lives in their mean: other work on the machine changes it. */
const NEWEST = 0.2

t.test(
  `${ROUNDS} hooks are killed: nothing is lost, and nothing is shown that was not handed over`,
  async (t) => {
    const random = new Random()
    t.comment(`seed ${random.seed}`)
    const hub = await startTestHub(t)
    const alice = await ArcClient.quickstart('alice', { baseUrl: hub.url })
    t.teardown(() => alice.close())
    const folder = ownFolder(t)
    const env = { ARC_BASE_URL: hub.url, XDG_STATE_HOME: folder }
    const payload = {
      session_id: 'killed',
      cwd: folder,
      hook_event_name: 'PostToolUse',
      model: 'm',
      turn_id: '1',
    }
    const args = ['codex', '--agent', 'bob']
    await runHook({ args, payload: { ...payload, hook_event_name: 'SessionStart' }, env })
    let lifeMs = (await runHook({ args, payload, env })).tookMs

    const handed = new Set<string>()
    /** A harness takes only a whole answer. */
    const take = (stdout: string) => {
      try {
        for (const [, body] of JSON.stringify(JSON.parse(stdout)).matchAll(/\| (m[0-9]+)\./g))
          handed.add(body as string)
      } catch {
        // cut off, or nothing
      }
    }
    const posted = new Map<number, string>()
    let killed = 0
    for (let round = 0; round < ROUNDS; round++) {
      const body = `m${round}`
      posted.set((await alice.dm('bob', `${body}.`)).id, body)
      const afterMs = lifeMs * (MOMENTS.from + (MOMENTS.to - MOMENTS.from) * random.next())
      const { code, stdout, tookMs } = await runHook({
        args,
        payload,
        env,
        started: (kill) => void setTimeout(kill, afterMs),
      })
      if (code === null) killed++
      else lifeMs += (tookMs - lifeMs) * NEWEST
      take(stdout)
      for (const [id, name] of [...posted].slice(-20)) {
        const [receipt] = await alice.receipts(id)
        if (receipt?.state === 'shown' && !handed.has(name))
          t.fail(`${name} is shown, and was not handed over`)
      }
    }
    await until(
      'the rest to be shown',
      async () => {
        take((await runHook({ args, payload, env })).stdout)
        return (await alice.undelivered()).length === 0
      },
      60_000,
    )
    for (const [id, body] of posted) {
      const [receipt] = await alice.receipts(id)
      if (receipt?.state !== 'shown' || !handed.has(body))
        t.fail(`${body}: ${receipt?.state}, ${handed.has(body)}`)
    }
    t.pass(`${killed} of ${ROUNDS} hooks were killed, ${posted.size} messages`)
  },
)
