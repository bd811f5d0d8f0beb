// Rows that no hub of ours would take, but that a storage may hold: written before there was a limit, or by another
// implementation. Each dashboard that shows them stays quick, and shows everything around them.

import type { Browser, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { browserTests, openPage } from './browser.js'
import { LATER, MESSAGE, NOW, openWith } from './stored-rows.js'

/** How long the page may be busy at one time. What this is about took from ten seconds to for ever. */
const MAX_BUSY_MS = 8_000

const test = await browserTests(t)

async function open(t: Test, browser: Browser, url: string, script = ''): Promise<Page> {
  const page = await openPage(t, browser, 'about:blank', { origin: url })
  await page.addInitScript(`
    window.longestMs = 0
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) window.longestMs = Math.max(window.longestMs, duration)
    }).observe({ entryTypes: ['longtask'] })
    ${script}
  `)
  await page.goto(url)
  return page
}

/** What stands in every part of the page does so, and the person can go on. */
async function isAlive(t: Test, page: Page): Promise<void> {
  const text = `still here at ${Math.round(performance.now())}`
  await page.fill('#composer', text)
  await page.press('#composer', 'Enter')
  await page.locator('.message', { hasText: text }).waitFor()
  const longestMs = Math.round(await page.evaluate<number>('window.longestMs'))
  t.comment(`busy for ${longestMs} ms at most`)
  t.ok(longestMs < MAX_BUSY_MS, `busy for ${longestMs} ms at most`)
}

test('names of 300,000 letters, wherever one can stand, are shown in part', async (t, browser) => {
  const long = 'ع'.repeat(300_000)
  const session = { metadata_json: '{}', created_at: NOW, last_seen: LATER, active: 1 }
  const { url } = await openWith(t, {
    sessions: [
      {
        ...session,
        session_id: 's1',
        agent_id: `a${long}`,
        display_name: `A${long}`,
        capabilities_json: JSON.stringify([long, ...Array(5_000).fill('able')]),
      },
      { ...session, session_id: 's2', agent_id: 'bob', display_name: long, capabilities_json: '[]' },
    ],
    channels: [{ name: `c${long}`, created_at: NOW, created_by: long, metadata_json: '{}' }],
    messages: [
      { ...MESSAGE, from_agent: `a${long}`, thread_id: `t${long}`, kind: `k${long}` },
      { ...MESSAGE, from_agent: 'bob', body: 'of bob', thread_id: `t${long}` },
      {
        ...MESSAGE,
        kind: 'task',
        attachments_json: JSON.stringify([
          { type: 'file_ref', path: long, description: long, start_line: long, end_line: long },
          { type: 'diff_ref', path: long, base: long, head: long },
          { type: 'code', content: 'x', language: long },
          { type: long, content: 'x' },
        ]),
      },
      { ...MESSAGE, from_agent: long, to_agent: 'operator', body: 'to you', channel: long },
    ],
    tasks: [
      {
        task_id: 3,
        parent_task_id: null,
        channel: `c${long}`,
        thread_id: `t${long}`,
        status: 'open',
        created_at: NOW,
        completed_at: null,
      },
    ],
    claims: [
      {
        claim_key: `k${long}`,
        thread_id: `t${long}`,
        task_message_id: null,
        owner_agent_id: `a${long}`,
        claimed_at: NOW,
        expires_at: LATER,
        released_at: null,
        metadata_json: '{}',
      },
    ],
    locks: [
      {
        file_path: `f${long}`,
        agent_id: `a${long}`,
        locked_at: NOW,
        expires_at: LATER,
        released_at: null,
        metadata_json: '{}',
      },
    ],
  })
  const page = await open(t, browser, url)
  await page.locator('.message').nth(2).waitFor()
  await page.locator('.hold').nth(1).waitFor()
  await page.locator('.task').waitFor()
  await page.locator('[data-agent=bob]').waitFor()
  await isAlive(t, page)
  const isBounded = async (where: string) => {
    const longest = await page.evaluate<number>(LONGEST_TEXT)
    t.ok(longest < 3_000, `${where}: ${longest} characters in a text, title or label at most`)
  }
  await isBounded('a channel')
  await page.locator('.link', { hasText: 'cع' }).click()
  await page.locator('h1', { hasText: 'cع' }).waitFor()
  await isBounded('one of such a name')
  await page.locator('.thread').first().click()
  await page.locator('h1', { hasText: 'tع' }).waitFor()
  await page.locator('.empty', { hasText: 'too long' }).waitFor()
  await isBounded('a thread')
  await page.locator('.person-button').first().click()
  await page.locator('h1', { hasText: 'Aع' }).waitFor()
  await isBounded('a conversation')
  await page.locator('.link', { hasText: 'Inbox' }).click()
  await page.locator('.message', { hasText: 'to you' }).hover()
  await page
    .getByRole('button', { name: /^Reply/ })
    .first()
    .click()
  await page.locator('.reply-panel').waitFor()
  await isBounded('the inbox')
  await page.locator('.link', { hasText: 'Activity' }).click()
  await page.locator('[data-lane]').nth(1).waitFor()
  await isBounded('the activity picture')
  await page.getByRole('button', { name: 'general' }).click()
  await isAlive(t, page)
})

const LONGEST_TEXT = `(() => {
  let longest = 0
  const note = (text) => { longest = Math.max(longest, (text ?? '').length) }
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (walker.nextNode()) note(walker.currentNode.data)
  for (const element of document.querySelectorAll('*'))
    for (const { name, value } of element.attributes) if (name !== 'd') note(value)
  return longest
})()`

/** Brackets within brackets; JSON.stringify could not go that deep. */
const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`
const LETTERS = 128_000

const ODD: Readonly<Record<string, Partial<typeof MESSAGE>>> = {
  'an attachment of 5,000 levels': {
    attachments_json: `[{"type":"json","content":${nested(5_000)}}]`,
  },
  'an attachment of 120,000 levels': {
    attachments_json: `[{"type":"json","content":${nested(120_000)}}]`,
  },
  'an unknown attachment that is deep': { attachments_json: `[{"type":"new","data":${nested(20_000)}}]` },
  'deep text in attachments': {
    attachments_json: `[{"type":"text","content":${nested(20_000)}},{"type":"code","content":${nested(20_000)},"language":${nested(20_000)}},{"type":"file_ref","path":${nested(20_000)}}]`,
  },
  'giant metadata': { metadata_json: `{"deep":${nested(50_000)},"long":"${'x'.repeat(1_000_000)}"}` },
  '32 large attachments': {
    attachments_json: JSON.stringify(
      Array.from({ length: 32 }, () => ({ type: 'json', content: Array(10_000).fill(1) })),
    ),
  },
  'attachments that are none': { attachments_json: '[null, 5, "x", [1], {}]' },
  'attachments that are no list': { attachments_json: '{"type":"text"}', metadata_json: '[1]' },
  '100,000 lines': { body: 'x\n'.repeat(100_000) },
  'one word': { body: 'ع'.repeat(LETTERS) },
  'hidden characters': { body: '\u202e\u0007'.repeat(LETTERS / 2) },
  'inline code': { body: '`a` '.repeat(LETTERS / 4) },
  fences: { body: '```js\n'.repeat(LETTERS / 6) },
  'nested code': { body: `\`\`\`ts\n${'(('.repeat(14_000)}\n\`\`\`` },
  'a kind and a time that nobody knows': { kind: '<b>kind</b>\u202e', ts: 'yesterday' },
}

test('whatever one message holds, the page shows the others, finds in them, and opens it', async (t, browser) => {
  const { url } = await openWith(t, {
    messages: Object.entries(ODD).flatMap(([what, fields]) => [
      { ...MESSAGE, body: `before ${what}` },
      { ...MESSAGE, ...fields },
      { ...MESSAGE, body: `after ${what}` },
    ]),
  })
  const page = await open(t, browser, url)
  const rows = page.locator('.message')
  await rows.nth(3 * Object.keys(ODD).length - 1).waitFor()
  await isAlive(t, page)
  for (const [i, what] of Object.keys(ODD).entries()) {
    const row = page.locator(`.message[data-id="${3 * i + 2}"]`)
    await row.scrollIntoViewIfNeeded()
    for (let click = 0; click < 4; click++) await row.evaluate(OPEN_MORE)
    t.equal(
      await page
        .locator(`.message[data-id="${3 * i + 3}"]`)
        .innerText()
        .then((text) => text.includes(`after ${what}`)),
      true,
      what,
    )
  }
  await page.fill('#find', 'after')
  await page.locator('.filter-line').waitFor()
  await page.fill('#find', '')
  await isAlive(t, page)
  t.equal(await page.locator('.unshown').count(), 0, 'each of them can be shown')
})

const OPEN_MORE = (row: { querySelector(selector: string): { click(): void } | null }) =>
  row.querySelector('.unfold, [aria-expanded=false]')?.click()

test('a message that cannot be drawn says so in its place, with what it is made of', async (t, browser) => {
  const { url } = await openWith(t, {
    messages: [
      { ...MESSAGE, body: 'before' },
      { ...MESSAGE, body: 'the defect `of` the page' },
      { ...MESSAGE, body: 'after' },
    ],
  })
  // A defect that only this message meets.
  const page = await open(
    t,
    browser,
    url,
    `
    const { split } = String.prototype
    String.prototype.split = function (...given) {
      if (this.startsWith('the defect')) throw new Error('a defect')
      return split.apply(this, given)
    }
  `,
  )
  await page.locator('.message', { hasText: 'after' }).waitFor()
  t.match(
    await page.locator('.unshown').innerText(),
    /This message can’t be shown.\s*\{"id": 2, .*the defect `of`/s,
  )
  await page.locator('.message', { hasText: 'before' }).waitFor()
  await isAlive(t, page)
})
