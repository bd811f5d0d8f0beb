// The browser's own EventSource, which connects again by itself: over a restart of the hub it goes on, over a reset it begins
// anew.

import { rmSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Calls } from '../support/calls.js'
import { ownFolder } from '../support/folder.js'
import { startTestHub } from '../support/hub.js'
import { steadyPort } from '../support/ports.js'
import { until } from '../support/waiting.js'
import { browserTests } from './browser.js'

const browserTest = await browserTests(t)

browserTest('a stream goes on over a restart, and begins anew over a reset', async (t, browser) => {
  const storagePath = join(ownFolder(t), 'arc.sqlite3')
  const options = { storagePath, port: await steadyPort() }
  let hub = await startTestHub(t, options)
  const calls = new Calls(t, hub.url)
  const context = await browser.newContext()
  t.teardown(() => context.close())
  const page = await context.newPage()
  const heard: string[] = []
  await page.exposeFunction('hear', (data: string) => heard.push(JSON.parse(data).body))
  await page.goto(`${hub.url}/v1/hub-info`) // a document of this origin, which holds no connection of its own
  await page.evaluate(`new EventSource('/v1/stream?agent_id=ear').onmessage = ({ data }) => hear(data)`)
  const say = async (body: string) => {
    await calls.say({ body })
    await until(`"${body}" to be heard`, () => heard.includes(body))
  }
  for (const body of ['one', 'two', 'three']) await say(body)

  await hub.stop()
  hub = await startTestHub(t, options)
  await say('after the restart')

  await hub.stop()
  for (const suffix of ['', '-wal', '-shm']) rmSync(storagePath + suffix, { force: true })
  hub = await startTestHub(t, options)
  await say('after the reset')
  t.strictSame(heard, ['one', 'two', 'three', 'after the restart', 'after the reset'], 'each once')
})
