// A room that has been used for long: what the page reads of it is bounded, and what matters of it is there.

import t from 'tap'
import { ArcClient } from '../../src/sdk/index.js'
import { until } from '../support/waiting.js'
import { browserTests, openPage } from './browser.js'
import { MESSAGE, NOW, openWith } from './stored-rows.js'

const MANY = 20_000
/** Half a thousand rows; all of the threads at once were 5.7 MB, and the storage was busy for 0.6 s. */
const MAX_ANSWER_BYTES = 200_000

const test = await browserTests(t)

test('of 20,000 threads and tasks a page at a time is read, and what is open is there', async (t, browser) => {
  const numbers = Array.from({ length: MANY }, (_, i) => i + 1)
  const task = { channel: 'general', thread_id: null, created_at: NOW, completed_at: null }
  const hub = await openWith(t, {
    messages: numbers.map((i) => ({
      ...MESSAGE,
      kind: 'task',
      body: i === 1 ? 'an old one' : `number ${i}`,
      thread_id: `thread-${i}`,
    })),
    tasks: numbers.map((i) => ({
      ...task,
      task_id: i,
      parent_task_id: i > MANY - 2 ? 1 : null,
      status: i === 1 || i > MANY - 2 ? 'open' : 'done',
    })),
  })
  const alice = new ArcClient('alice', { baseUrl: hub.url })
  t.teardown(() => alice.close())
  const page = await openPage(t, browser, 'about:blank', { origin: hub.url })
  const sizes: number[] = []
  page.on('response', async (response) => {
    if (/\/v1\/(threads|tasks)\b/.test(response.url()))
      sizes.push((await response.body().catch(() => '')).length)
  })
  await page.goto(hub.url)
  const tree = page.locator('[data-task="1"]')
  await until('the old task with its new parts', async () => /an old one\s*0\/2/.test(await tree.innerText()))
  const threads = page.getByRole('region', { name: 'Threads' })
  t.match(await threads.getByRole('heading').innerText(), /Threads\s*100\+/)
  await threads.getByText(`thread-${MANY}`, { exact: true }).waitFor()

  await alice.completeTask(MANY)
  await until('half of it', async () => /1\/2/.test(await tree.innerText()))
  await alice.completeTask(MANY - 1)
  await tree.waitFor({ state: 'detached' }) // done, it stands behind thousands of newer ones
  const added = await alice.post('a new one', { kind: 'task' })
  await page.locator(`[data-task="${added.id}"]`).waitFor()

  await page.fill('#find', `thread-${MANY - 300}`)
  await threads.getByText(`thread-${MANY - 300}`, { exact: true }).waitFor()
  t.ok(sizes.length > 10, `${sizes.length} answers`)
  t.ok(Math.max(...sizes) < MAX_ANSWER_BYTES, `${Math.max(...sizes)} bytes at most`)
})

test('a thread that is not among the newest is answered where it is', async (t, browser) => {
  const hub = await openWith(t, {
    channels: [{ name: 'backend', created_at: NOW, created_by: 'alice', metadata_json: '{}' }],
    messages: Array.from({ length: 150 }, (_, i) => ({
      ...MESSAGE,
      channel: 'backend',
      thread_id: `thread-${i}`,
      body: `number ${i}.`,
    })),
  })
  const page = await openPage(t, browser, `${hub.url}/#/thread/thread-0`)
  await page.locator('.message', { hasText: 'number 0.' }).waitFor()
  await page.locator('.connection-live').waitFor()
  await page.fill('#composer', 'is this still so?')
  await page.press('#composer', 'Enter')
  await page.locator('.message', { hasText: 'is this still so?' }).waitFor()
  const alice = new ArcClient('alice', { baseUrl: hub.url })
  t.teardown(() => alice.close())
  const { messages } = await alice.getThread('thread-0')
  t.match(messages.at(-1), { channel: 'backend', body: 'is this still so?' })
})
