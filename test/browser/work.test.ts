// Who is here, who holds what, and what is to be done, in a real browser: as it is, and as it changes.

import { join } from 'node:path'
import t from 'tap'
import { ArcClient } from '../../src/sdk/index.js'
import { ownFolder } from '../support/folder.js'
import { until } from '../support/waiting.js'
import { browserTests, openPage } from './browser.js'
import { openRoom } from './room.js'

const test = await browserTests(t)

test('agents: who works, who waits for messages, who has left, and what each can do and holds', async (t, browser) => {
  const spoolDir = join(ownFolder(t), 'spool')
  const { hub, agent } = await openRoom(t, { spoolDir })
  const alice = await agent('alice', { displayName: 'Alice A.', capabilities: ['review', 'sql'] })
  const bob = await agent('bob')
  await alice.lock('src/a.ts')
  const page = await openPage(t, browser, hub.url)
  const row = (id: string) => page.locator(`[data-agent=${id}]`)
  const stateOf = (id: string) => row(id).getAttribute('data-state')
  await row('alice').locator('.person-hold').waitFor()
  t.match(await row('alice').innerText(), /Alice A\.\s*alice\s*now\s*live\s*review\s*sql\s*src\/a\.ts/)
  t.match(await row('alice').locator('time').getAttribute('title'), /^last seen /)

  const polling = bob.poll({ timeout: 40 })
  await alice.post('wakes nobody up who is not waiting', { to: 'nobody' })
  await until('bob to be shown as waiting', async () => (await stateOf('bob')) === 'waiting')
  const carol = ArcClient.overRelay('carol', { spoolDir })
  t.teardown(() => carol.close())
  await carol.register()
  const overFiles = carol.poll({ timeout: 40 })
  await alice.post('wakes nobody up either', { to: 'nobody' })
  await until('carol to be shown as waiting', async () => (await stateOf('carol')) === 'waiting')
  await alice.dm('carol', 'wake up')
  await overFiles
  await alice.dm('bob', 'wake up')
  await polling
  await until('bob to be at work', async () => (await stateOf('bob')) === 'live')
  await bob.rename('Robert')
  await until('the new name', async () => /Robert/.test(await row('bob').innerText()))
  await alice.unlock('src/a.ts')
  await until('nothing to be held', async () => !/src\/a\.ts/.test(await row('alice').innerText()))
  await bob.close()
  await until('bob to be gone', async () => (await stateOf('bob')) === 'gone')
  t.equal(await stateOf('alice'), 'live')
})

test('holds: owner and a countdown that runs, gone when released and when it runs out', async (t, browser) => {
  const { hub, agent } = await openRoom(t)
  const alice = await agent('alice')
  const page = await openPage(t, browser, hub.url)
  await page.getByText('Nothing is held.').waitFor()
  const task = await alice.post('mend the roof', { kind: 'task' })
  await alice.claim(task.id, { ttlSec: 3_700 })
  await alice.lock('src/a.ts', { ttlSec: 120 })
  await alice.lock('src/brief.ts', { ttlSec: 5, keep: false })
  const hold = (key: string) => page.locator(`.hold[data-key="${key}"]`)
  await hold('src/a.ts').waitFor()
  await hold('src/brief.ts').waitFor()
  t.match(await hold('src/a.ts').innerText(), /src\/a\.ts\s*alice\s*[12]:\d\d/)
  await until('the task to be told', async () =>
    /mend the roof\s*alice\s*task-/.test(await hold(`task-${task.id}`).innerText()),
  )
  t.match(await hold(`task-${task.id}`).innerText(), /1:01:\d\d/)
  const leaving = new AbortController()
  const waiting = fetch(`${hub.url}/v1/locks?timeout=60`, {
    method: 'POST',
    body: JSON.stringify({ agent_id: 'bob', file_path: 'src/a.ts' }),
    signal: leaving.signal,
  }).catch(() => {})
  await until('bob to be shown as the next one', async () =>
    /next\s*bob/.test(await hold('src/a.ts').innerText()),
  )
  leaving.abort()
  await waiting
  await until('bob to have left the line', async () => !/bob/.test(await hold('src/a.ts').innerText()))
  const first = await hold('src/a.ts').locator('.countdown').innerText()
  await until(
    'the countdown to go on',
    async () => (await hold('src/a.ts').locator('.countdown').innerText()) !== first,
  )
  await hold('src/brief.ts').waitFor({ state: 'detached' })
  await alice.unlock('src/a.ts')
  await hold('src/a.ts').waitFor({ state: 'detached' })
  t.equal(await page.locator('.hold').count(), 1, 'the claim is still held')
})

test('tasks: a tree with its progress, live', async (t, browser) => {
  const { hub, agent } = await openRoom(t)
  const alice = await agent('alice')
  const root = await alice.post('the whole', { kind: 'task' })
  const part = (text: string) => alice.post(text, { kind: 'task', parentTaskId: root.id })
  const [one, two] = [await part('part one'), await part('part two')]
  for (let i = 0; i < 160; i++) await alice.post(`said since ${i}`)
  const page = await openPage(t, browser, hub.url)
  const row = page.locator(`[data-task="${root.id}"]`)
  await until('texts that no message on the page tells', async () =>
    /the whole\s*0\/2\s*.*part one/s.test(await row.innerText()),
  )
  await alice.completeTask(one.id)
  await until('half of it', async () => /the whole\s*1\/2/.test(await row.innerText()))
  t.equal(await row.locator('progress').evaluate((bar) => bar.value / bar.max), 0.5)
  t.equal(await row.locator(`[data-task="${one.id}"] .task-mark-done`).count(), 1)
  const { parentCompleted } = await alice.completeTask(two.id)
  t.ok(parentCompleted)
  await until(
    'all of it',
    async () =>
      /2\/2/.test(await row.innerText()) && (await row.getAttribute('class'))?.includes('task-done'),
  )
})

test('scopes and slots are held, too, and the person can release the own ones', async (t, browser) => {
  const { hub, agent } = await openRoom(t)
  const alice = await agent('alice')
  const page = await openPage(t, browser, hub.url)
  await page.getByText('Nothing is held.').waitFor()
  await alice.scope(['src/**', 'test/**'])
  await alice.slot('build', { capacity: 2 })
  const own = { agent_id: 'operator', capacity: 2 }
  await fetch(`${hub.url}/v1/slots/build`, { method: 'POST', body: JSON.stringify(own) })
  const hold = (type: string) => page.locator(`.hold[data-type="${type}"]`)
  await hold('scope').waitFor()
  t.match(await hold('scope').innerText(), /src\/\*\*\s+test\/\*\*\s*alice/)
  await until('both slots', async () => (await hold('slot').count()) === 2)
  await page.getByRole('button', { name: 'Release slot build' }).click()
  await until('the own one to be free', async () => (await hold('slot').count()) === 1)
  t.match(await hold('slot').innerText(), /build\s*alice/)
})

test('tasks say what they are, who has them, and how many are left', async (t, browser) => {
  const { hub, agent } = await openRoom(t)
  const [alice, carol] = [await agent('alice'), await agent('carol')]
  const told = await alice.post('Write the release notes for 2.4\nin short', { kind: 'task', to: 'operator' })
  const taken = await alice.post('the parser', { kind: 'task' })
  await carol.claim('parser-work', { taskMessageId: taken.id })
  const part = await alice.post('a part of it', { kind: 'task', parentTaskId: taken.id })
  for (let i = 0; i < 60; i++) await alice.post(`one of many ${i}`, { kind: 'task' })
  const page = await openPage(t, browser, hub.url)
  const panel = page.locator('.panel[aria-label="Tasks"]')
  await panel.locator('.count', { hasText: '63' }).waitFor()
  await panel.getByRole('button', { name: '22 more open tasks' }).click()
  const row = (id: number) => page.locator(`[data-task="${id}"]`)
  t.match(await row(taken.id).innerText(), /the parser\s*carol/)
  t.match(await row(part.id).innerText(), /a part of it\s*unclaimed/)
  await row(told.id).getByRole('button', { name: 'Write the release notes for 2.4' }).first().click()
  await page.locator('.message', { hasText: 'in short' }).waitFor()
  const complete = row(taken.id)
    .getByRole('button', { name: /Complete task/ })
    .first()
  await complete.focus()
  await page.keyboard.press('Enter')
  const kept = row(taken.id).locator(':focus')
  await until('the focus to stay in the row', async () => (await kept.count()) === 1)
})

test('a thread of direct messages between others comes, and goes on', async (t, browser) => {
  const { hub, agent } = await openRoom(t)
  const alice = await agent('alice')
  const page = await openPage(t, browser, hub.url)
  await page.locator('.connection-live').waitFor()
  await alice.dm('bob', 'psst', { threadId: 'quiet' })
  await page.locator('[data-thread="quiet"]', { hasText: '1 message' }).waitFor()
  await alice.dm('bob', 'psst', { threadId: 'quiet' })
  await page.locator('[data-thread="quiet"]', { hasText: '2 messages' }).waitFor()
})

test('activity: messages over time by agent, and who held what when', async (t, browser) => {
  const { hub, agent } = await openRoom(t)
  const [alice, bob] = [await agent('alice'), await agent('bob')]
  for (let i = 0; i < 5; i++) await alice.post(`a ${i}`)
  await bob.post('b')
  await alice.lock('src/past.ts')
  await alice.unlock('src/past.ts')
  await bob.lock('src/now.ts', { ttlSec: 600 })
  const page = await openPage(t, browser, hub.url)
  await page.getByRole('button', { name: 'Activity' }).first().click()
  const legend = async () => (await page.locator('.legend').innerText()).replaceAll(/\s+/g, ' ')
  await until('the counts', async () => (await legend()).includes('alice 5 bob 1'))
  await bob.post('live')
  await until('the live one', async () => (await legend()).includes('alice 5 bob 2'))
  const totals = page.locator('.activity .plot:not(.lanes) [data-total]')
  const sum = await totals.evaluateAll((bars) =>
    bars.reduce((sum: number, bar) => sum + Number(bar.dataset.total), 0),
  )
  t.equal(sum, 7)
  const lane = (key: string) => page.locator(`[data-lane="${key}"] [data-owner]`)
  t.equal(await lane('src/past.ts').getAttribute('data-held'), 'false')
  t.equal(await lane('src/now.ts').getAttribute('data-held'), 'true')
  t.equal(await lane('src/now.ts').getAttribute('data-owner'), 'bob')
  await bob.unlock('src/now.ts')
  await until('the hold to end', async () => (await lane('src/now.ts').getAttribute('data-held')) === 'false')
  await alice.lock('src/now.ts')
  await until('the next holder in the same lane', async () => (await lane('src/now.ts').count()) === 2)
  t.match(await lane('src/now.ts').last().locator('title').textContent(), /^alice since \d\d:\d\d, .* left$/)
})
