// The feed in a real browser: it follows what is said, shows each thing for what it is, keeps the reader's place, and
// stays light with thousands of messages.

import type { Page } from 'playwright-core'
import t from 'tap'
import { rounds } from '../support/campaign.js'
import { until } from '../support/waiting.js'
import { browserTests, openPage } from './browser.js'
import { openRoom } from './room.js'

const MANY = rounds(1_200, 5_000)
/** Rows in the page at most, with some to spare for those between two states. */
const ROWS_AT_MOST = 320

const test = await browserTests(t)

const message = (page: Page, text: string) => page.locator('.message', { hasText: text })

test('the feed of a channel follows what is said, with kinds, replies, times and attachments', async (t, browser) => {
  const { hub, agent } = await openRoom(t)
  const alice = await agent('alice', { displayName: 'Alice A.' })
  const bob = await agent('bob')
  await alice.createChannel('backend')
  await alice.post('said before the page was open')
  const page = await openPage(t, browser, hub.url)
  await message(page, 'said before').waitFor()

  const task = await alice.post('build the thing', { kind: 'task' })
  await bob.post('said elsewhere', { channel: 'backend' })
  await bob.post('on it', { replyTo: task.id })
  await bob.post('here it is', {
    kind: 'artifact',
    attachments: [
      { type: 'text', content: 'plain words' },
      { type: 'json', content: { answer: [42] } },
      { type: 'code', content: 'const x: number = 1', language: 'typescript' },
      { type: 'file_ref', path: 'src/a.ts', start_line: 3, end_line: 9, description: 'the place' },
      { type: 'diff_ref', path: 'src/b.ts', base: 'main', head: 'topic' },
    ],
  })
  const artifact = message(page, 'here it is')
  await artifact.waitFor()
  t.equal(await message(page, 'build the thing').first().getAttribute('data-kind'), 'task')
  t.equal(await message(page, 'build the thing').first().locator('.kind').innerText(), 'task')
  t.equal(
    await message(page, 'build the thing').first().locator('.agent-name').first().innerText(),
    'Alice A.',
  )
  t.match(await message(page, 'on it').locator('.reply-line').innerText(), /build the thing/)
  t.match(await artifact.locator('time').first().innerText(), /^\d\d:\d\d$/)

  t.match(await artifact.locator('[data-type=text]').innerText(), /plain words/)
  t.match(await artifact.locator('[data-type=json]').innerText(), /"answer": \[\s+42\s+\]/)
  await artifact.locator('[data-type=code] .hljs-keyword', { hasText: 'const' }).waitFor()
  t.match(await artifact.locator('[data-type=file_ref]').innerText(), /src\/a\.ts\s*:3–9\s*the place/)
  t.match(await artifact.locator('[data-type=diff_ref]').innerText(), /src\/b\.ts\s*main → topic/)
  t.equal(await message(page, 'said elsewhere').count(), 0, 'what is said in another channel is not here')
  await page.getByRole('button', { name: 'backend' }).click()
  await message(page, 'said elsewhere').waitFor()
  await until('it to be alone there', async () => (await page.locator('.message').count()) === 1)
})

test('a first page that the hub ended early, as its messages are large, does not count as all', async (t, browser) => {
  const { hub, agent } = await openRoom(t)
  const alice = await agent('alice')
  // A page may hold 16.8 million characters, the dashboard 12: these two fit into both, and the first does not.
  for (const [body, chars] of [
    ['the first', 8e6],
    ['light', 3e6],
    ['heavy', 8e6],
  ] as const)
    await alice.post(body, { metadata: { weight: 'x'.repeat(chars) } })
  const page = await openPage(t, browser, hub.url)
  await message(page, 'the first').waitFor() // there is room for it: the page reads on by itself
})

test('a thread has a feed of its own, with its status and counts', async (t, browser) => {
  const { hub, agent } = await openRoom(t)
  const alice = await agent('alice')
  const task = await alice.post('the task', { kind: 'task', threadId: 'parser' })
  await alice.post('in no thread')
  const page = await openPage(t, browser, hub.url)
  const row = page.locator('[data-thread=parser]')
  await row.waitFor()
  t.match(await row.innerText(), /waiting\s*1 message · 0\/1 tasks/)
  await row.getByRole('button').click()
  await message(page, 'the task').waitFor()
  await until('it to be alone there', async () => (await page.locator('.message').count()) === 1)
  await alice.claim(task.id, { threadId: 'parser' })
  await alice.post('live in the thread', { threadId: 'parser' })
  await message(page, 'live in the thread').waitFor()
  await until('the thread to be open', async () => /open\s*2 messages.*1 claim/s.test(await row.innerText()))
  await alice.completeTask(task.id)
  await until('the thread to be completed', async () => /completed/.test(await row.innerText()))
  await page.fill('#composer', 'from the operator')
  await page.keyboard.press('Enter')
  await message(page, 'from the operator').waitFor()
  const { messages } = await alice.getThread('parser')
  t.match(messages.at(-1), { body: 'from the operator', thread_id: 'parser', channel: 'general' })
})

test('scrolled up, the reader keeps their place and is told how much is new below', async (t, browser) => {
  const { hub, agent } = await openRoom(t)
  const alice = await agent('alice')
  for (let i = 1; i <= 80; i++) await alice.post(`line ${i}`)
  const page = await openPage(t, browser, hub.url)
  await message(page, 'line 80').waitFor()
  await page.locator('.scroller').hover()
  await page.mouse.wheel(0, -900)
  await page.getByRole('button', { name: 'To the newest' }).waitFor()
  const seen = await firstInSight(page)
  for (let i = 81; i <= 85; i++) await alice.post(`line ${i}`)
  const marker = page.getByRole('button', { name: '5 new below' })
  await marker.waitFor()
  t.same(await firstInSight(page), seen, 'the same message at the same place')
  await marker.click()
  await message(page, 'line 85').waitFor()
  await marker.waitFor({ state: 'hidden' })
  await alice.post('line 86')
  await until('the newest to be in sight', async () => (await distanceToEnd(page)) < 2)
})

test('thousands of messages: few rows in the page, and a way back to the first', async (t, browser) => {
  const { hub, agent } = await openRoom(t)
  const alice = await agent('alice')
  const post = (i: number) =>
    alice.post(`number ${i}.\nWith a second line.`, { kind: i % 7 === 0 ? 'notice' : 'chat' })
  for (let i = 1; i <= MANY; i += 20) {
    await Promise.all(Array.from({ length: Math.min(20, MANY - i + 1) }, (_, n) => post(i + n)))
  }
  const page = await openPage(t, browser, hub.url)
  await page.locator('.message').first().waitFor()
  await page.locator('.scroller').focus()
  let most = 0
  let before = Number.POSITIVE_INFINITY
  const startedAt = performance.now()
  await until(
    'the beginning',
    async () => {
      await page.keyboard.press('Home')
      const ids = await rowIds(page)
      most = Math.max(most, ids.length)
      if (ids.some((id, i) => i > 0 && id !== (ids[i - 1] ?? 0) + 1)) throw new Error(`a gap in ${ids}`)
      if ((ids[0] ?? 0) > before) throw new Error('went back down')
      before = ids[0] ?? 0
      return page.locator('.beginning').isVisible()
    },
    100_000,
  )
  t.ok(most <= ROWS_AT_MOST, `${most} rows at most`)
  t.equal((await rowIds(page))[0], 1)
  t.comment(
    `up through ${MANY} messages in ${Math.round(performance.now() - startedAt)} ms, ${most} rows at most`,
  )
  await alice.post('the newest of all')
  await page.locator('.to-end').click()
  await message(page, 'the newest of all').waitFor()
})

test('find marks what is looked for and hides the rest, here and beside; kinds are told apart', async (t, browser) => {
  const { hub, agent } = await openRoom(t)
  const alice = await agent('alice')
  await alice.post('about apples')
  await alice.post('about Pears', { threadId: 'fruit' })
  await alice.post('a pear in an attachment', {
    kind: 'artifact',
    attachments: [{ type: 'code', content: 'pear()' }],
  })
  await alice.lock('src/pear.ts')
  await alice.lock('src/apple.ts')
  const page = await openPage(t, browser, hub.url)
  await page.locator('.message').nth(2).waitFor()
  await page.locator('.hold').nth(1).waitFor()
  await page.keyboard.press('f')
  await page.keyboard.type('PEAR')
  await until('two to be left', async () => (await page.locator('.message').count()) === 2)
  t.equal(await page.locator('.message mark').first().innerText(), 'Pear')
  t.match(await page.locator('.filter-line').innerText(), /2 of 3/)
  t.same(await page.locator('.hold').evaluateAll((rows) => rows.map((row) => row.dataset.key)), [
    'src/pear.ts',
  ])
  await page.selectOption('select', 'artifact')
  await until('one to be left', async () => (await page.locator('.message').count()) === 1)
  await page.getByRole('button', { name: 'Show all' }).click()
  await until('all to be back', async () => (await page.locator('.message').count()) === 3)
})

test('beside the feed it is said that nothing matches what is looked for, and how much is there', async (t, browser) => {
  const { hub, agent } = await openRoom(t)
  const alice = await agent('alice', { displayName: 'Alice A.' })
  for (let i = 0; i < 8; i++) await alice.lock(`src/${i}.ts`)
  await alice.post('about pears')
  await alice.post('about apples', { kind: 'task', threadId: 'fruit' })
  const page = await openPage(t, browser, hub.url)
  const panel = async (name: string) =>
    (await page.getByRole('region', { name }).innerText()).replaceAll(/\s+/g, ' ').trim()
  const shows = (name: string, start: string) =>
    until(`“${start}”`, async () => (await panel(name)).startsWith(start))
  await shows('Held', 'Held 8')
  await page.fill('#find', 'Pears')
  await shows('Held', 'Held 0 of 8 No hold matches “pears”.')
  await shows('Tasks', 'Tasks 0 of 1 No task matches “pears”.')
  await shows('Threads', 'Threads 0 of 1 No thread matches “pears”.')
  await page.fill('#find', 'alice a.')
  await shows('Held', 'Held 8 of 8 src/0')
  await page.fill('#find', '')
  await shows('Held', 'Held 8 src')
  await shows('Tasks', 'Tasks 1 about apples')
})

const rowIds = (page: Page): Promise<number[]> =>
  page.locator('.message').evaluateAll((rows) => rows.map((row) => Number(row.dataset.id)))

const distanceToEnd = (page: Page): Promise<number> =>
  page.locator('.scroller').evaluate((box) => box.scrollHeight - box.scrollTop - box.clientHeight)

/** The topmost message that is in sight, and where it stands. */
const firstInSight = (page: Page): Promise<[string, number]> =>
  page.locator('.scroller').evaluate((box) => {
    const top = box.getBoundingClientRect().top
    const row = [...box.querySelectorAll('.message')].find((row) => row.getBoundingClientRect().top >= top)
    return [row.dataset.id, Math.round(row.getBoundingClientRect().top)]
  })
