// A page that is left open: it says when the connection is lost, and is right again by itself when the hub is back,
// whether it was restarted or reset.

import { renameSync } from 'node:fs'
import t from 'tap'
import { ArcClient } from '../../src/sdk/index.js'
import { ownFolder } from '../support/folder.js'
import { startTestHub } from '../support/hub.js'
import { steadyPort } from '../support/ports.js'
import { until } from '../support/waiting.js'
import { browserTests, openPage } from './browser.js'

const test = await browserTests(t)

test('after a restart the page catches up, without a gap or a repeat', async (t, browser) => {
  const [storagePath, port] = [`${ownFolder(t)}/arc.sqlite3`, await steadyPort()]
  const first = await startTestHub(t, { storagePath, port })
  const alice = new ArcClient('alice', { baseUrl: first.url, retryFor: 20 })
  t.teardown(() => alice.close())
  await alice.post('before')
  const page = await openPage(t, browser, first.url)
  await page.locator('.message', { hasText: 'before' }).waitFor()
  await page.locator('.connection-live').waitFor()
  await first.stop()
  await page.getByText('Connection to the hub lost').waitFor()
  t.ok(await page.getByRole('button', { name: 'Send' }).isDisabled())
  await startTestHub(t, { storagePath, port })
  for (let i = 0; i < 5; i++) await alice.post(`missed ${i}`)
  await alice.lock('src/meanwhile.ts')
  await page.locator('.connection-live').waitFor()
  await page.locator('.message', { hasText: 'missed 4' }).waitFor()
  await page.locator('.hold[data-key="src/meanwhile.ts"]').waitFor()
  t.equal(await page.locator('.banner').count(), 0)
  t.same(await page.locator('.message .body').allInnerTexts(), [
    'before',
    ...Array.from({ length: 5 }, (_, i) => `missed ${i}`),
  ])
  const agents = (await alice.listAgents()).map(({ agent_id: id }) => id)
  t.ok(agents.includes('operator'))
  t.notOk(agents.includes('old-agent'))
})

test('what the page was reading when the hub stopped is there after the restart', async (t, browser) => {
  const [storagePath, port] = [`${ownFolder(t)}/arc.sqlite3`, await steadyPort()]
  const first = await startTestHub(t, { storagePath, port })
  const alice = new ArcClient('alice', { baseUrl: first.url, retryFor: 20 })
  t.teardown(() => alice.close())
  await alice.post('before')
  await alice.dm('operator', 'for you')
  const page = await openPage(t, browser, 'about:blank', { origin: first.url })
  let held = 0
  const stopped = new Promise<void>((resolve) => {
    for (const path of ['**/v1/messages?*', '**/v1/inbox/*', '**/v1/events?*'])
      void page.route(path, async (route) => {
        held++
        await stopped
        await route.continue()
      })
    void until('the page reads', () => held >= 3)
      .then(() => first.stop())
      .then(() => resolve())
  })
  await page.goto(first.url)
  await stopped
  await page.unrouteAll({ behavior: 'wait' })
  await page.getByText('Connection to the hub lost').waitFor()
  await startTestHub(t, { storagePath, port })
  await alice.post('after')
  await page.locator('.message', { hasText: 'after' }).waitFor()
  t.same(await page.locator('.message .body').allInnerTexts(), ['before', 'after'])
  await until('a title that counts', async () => (await page.title()) === '(1) Arc')
})

test('a view that is opened while the hub is away shows its messages once it is back', async (t, browser) => {
  const [storagePath, port] = [`${ownFolder(t)}/arc.sqlite3`, await steadyPort()]
  const first = await startTestHub(t, { storagePath, port })
  const alice = new ArcClient('alice', { baseUrl: first.url, retryFor: 20 })
  t.teardown(() => alice.close())
  await alice.dm('operator', 'for you')
  const page = await openPage(t, browser, first.url)
  await page.locator('.connection-live').waitFor()
  await first.stop()
  await page.getByText('Connection to the hub lost').waitFor()
  await page.locator('.link', { hasText: 'Inbox' }).click()
  await page.locator('p.empty').waitFor()
  await startTestHub(t, { storagePath, port })
  await page.locator('.message', { hasText: 'for you' }).waitFor()
  t.equal(await page.locator('p.empty').count(), 0)
})

test('a crash of the gateway is gone through without a word', async (t, browser) => {
  const hub = await startTestHub(t, { port: await steadyPort() })
  const page = await openPage(t, browser, hub.url)
  await page.locator('.connection-live').waitFor()
  await hub.kill('gateway')
  const alice = new ArcClient('alice', { baseUrl: hub.url, retryFor: 20 })
  t.teardown(() => alice.close())
  await alice.post('after the crash')
  await page.locator('.message', { hasText: 'after the crash' }).waitFor()
})

test('after a reset nothing of the old hub is left, and the operator is signed in anew', async (t, browser) => {
  const port = await steadyPort()
  const first = await startTestHub(t, { port })
  const alice = new ArcClient('alice', { baseUrl: first.url, retryFor: 20 })
  t.teardown(() => alice.close())
  await alice.register()
  await alice.createChannel('old-channel')
  for (let i = 0; i < 3; i++) await alice.post(`old ${i}`, { kind: 'task', threadId: 'old-thread' })
  // Alice's client signs her in again after the reset. Nobody does so for this one.
  await fetch(`${first.url}/v1/sessions`, { method: 'POST', body: '{"agent_id":"old-agent"}' })
  const page = await openPage(t, browser, first.url)
  await page.locator('[data-agent=old-agent]').waitFor()
  await page.locator('.message', { hasText: 'old 2' }).waitFor()
  await page.locator('.thread').waitFor()
  await first.stop()
  const second = await startTestHub(t, { port })
  t.not(second.instanceId, first.instanceId)
  await page.locator('.connection-live').waitFor()
  await until('the old to be gone', async () => !/old/.test(await page.locator('.columns').innerText()))
  t.equal(await page.locator('[data-agent=old-agent]').count(), 0)
  await alice.post('new and first')
  await page.locator('.message', { hasText: 'new and first' }).waitFor()
  await page.fill('#composer', 'the operator is here')
  await page.keyboard.press('Enter')
  await until('the operator to be heard', async () =>
    (await alice.listMessages({ channel: 'general' })).some(({ body }) => body === 'the operator is here'),
  )
  const others = (await alice.listAgents()).filter(({ agent_id: id }) => id !== 'alice')
  t.same(
    others.map(({ agent_id: id }) => id),
    ['operator'],
  )
})

test('a hub whose database was taken away says so on the page', async (t, browser) => {
  const storagePath = `${ownFolder(t)}/arc.sqlite3`
  const hub = await startTestHub(t, { storagePath })
  const page = await openPage(t, browser, hub.url)
  await page.locator('.connection-live').waitFor()
  t.equal(await page.locator('.banner').count(), 0)
  renameSync(storagePath, `${storagePath}.away`)
  const banner = page.locator('.banner-lost')
  await banner.waitFor()
  t.match(await banner.innerText(), /^The hub refuses writes: .*(deleted|moved)/)
})
