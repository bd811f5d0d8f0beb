// Conversations of the person at the page: a view shows all that was said in it, however little that is among other messages,
// and what the person writes goes where they see it.

import type { Page } from 'playwright-core'
import t from 'tap'
import type { Message } from '../../src/protocol/objects.js'
import type { ArcClient } from '../../src/sdk/index.js'
import { until } from '../support/waiting.js'
import { browserTests, openPage } from './browser.js'
import { openRoom } from './room.js'

const test = await browserTests(t)

const bodies = (page: Page) => page.locator('.message .body').allInnerTexts()
const shows = (page: Page, text: string) => page.locator('.message', { hasText: text }).first().waitFor()
const goTo = (page: Page, hash: string) => page.evaluate(`location.hash = '${hash}'`)

async function type(page: Page, line: string): Promise<void> {
  await page.locator('.connection-live').waitFor()
  await page.fill('#composer', line)
  await page.press('#composer', 'Enter')
}

/** The newest message of a channel, read by nobody in particular. */
async function newestIn(url: string, channel: string): Promise<Message | undefined> {
  const answer = await fetch(`${url}/v1/messages?channel=${channel}&tail=true`)
  return ((await answer.json()) as { result: Message[] }).result.at(-1)
}

/** The newest direct message to an agent. */
async function newestTo(client: ArcClient): Promise<Message> {
  return until('a message', async () => (await client.inbox({ tail: true })).at(-1))
}

test('a conversation is found behind many messages of others, and read on to its beginning', async (t, browser) => {
  const { hub, agent } = await openRoom(t)
  const [alice, bob] = [await agent('alice'), await agent('bob')]
  await alice.dm('operator', 'long ago')
  for (let i = 0; i < 700; i += 50)
    await Promise.all(Array.from({ length: 50 }, (_, k) => bob.dm('operator', `${i + k}`)))
  await alice.dm('operator', 'lately')
  const page = await openPage(t, browser, `${hub.url}/#/direct/alice`)
  await shows(page, 'long ago')
  t.same(await bodies(page), ['long ago', 'lately'])
  await page.getByText('The beginning').waitFor()
  await goTo(page, '#/direct/bob')
  await shows(page, '699')
  await goTo(page, '#/direct/carol')
  await page.getByText('Nothing has been said here yet.').waitFor()
})

test('direct messages in a thread, the own ones too, are there after a reload', async (t, browser) => {
  const { hub, agent } = await openRoom(t)
  const alice = await agent('alice')
  await alice.dm('operator', 'a question', { threadId: 'deal' })
  const page = await openPage(t, browser, `${hub.url}/#/thread/deal`)
  await shows(page, 'a question')
  await type(page, 'an answer')
  t.match(await newestTo(alice), { body: 'an answer', thread_id: 'deal', to_agent: 'alice' })
  await page.reload()
  await shows(page, 'an answer')
  t.same(await bodies(page), ['a question', 'an answer'])
})

test('nothing that the person writes in a thread goes to the channel that labels direct messages', async (t, browser) => {
  const { hub, agent } = await openRoom(t)
  const [alice, bob] = [await agent('alice'), await agent('bob')]
  await alice.dm('bob', 'between us', { threadId: 'theirs' })
  await alice.post('in the open', { threadId: 'two' })
  await bob.createChannel('dev')
  const side = await bob.post('aside', { threadId: 'two', channel: 'dev' })
  const page = await openPage(t, browser, `${hub.url}/#/thread/theirs`)
  await type(page, 'my view on this')
  await page.getByText('The messages of this thread are between other agents.').waitFor()
  t.equal(await page.inputValue('#composer'), 'my view on this', 'the text is kept')
  t.equal(await newestIn(hub.url, 'direct'), undefined)
  await page.fill('#composer', '')

  await goTo(page, '#/thread/two')
  const row = page.locator(`.message[data-id="${side.id}"]`)
  await row.hover()
  await row.locator('.reply').click()
  await type(page, 'an answer to the aside')
  await shows(page, 'an answer to the aside')
  t.match(await newestIn(hub.url, 'dev'), { reply_to: side.id, thread_id: 'two' })
  await type(page, 'to all of the thread')
  await shows(page, 'to all of the thread')
  t.match(await newestIn(hub.url, 'general'), { thread_id: 'two', body: 'to all of the thread' })
})

test('what one tab sends is in the other, and a mistyped name is refused', async (t, browser) => {
  const { hub, agent } = await openRoom(t)
  await agent('carol')
  const page = await openPage(t, browser, `${hub.url}/#/direct/carol`)
  await page.locator('.connection-live').waitFor()
  const other = await page.context().newPage()
  await other.goto(page.url())
  await other.locator('.connection-live').waitFor()
  await type(page, 'from the first tab')
  await shows(other, 'from the first tab')
  await type(page, '/dm carrol stop now')
  await page.locator('.notice-error', { hasText: 'carol' }).waitFor()
  t.equal(await page.inputValue('#composer'), '/dm carrol stop now')
})

test('a text that is not sent stays with its view, and so does the message that it answers', async (t, browser) => {
  const { hub, agent } = await openRoom(t)
  const alice = await agent('alice')
  await alice.dm('operator', 'which one?')
  const page = await openPage(t, browser, `${hub.url}/#/direct/alice`)
  await page.locator('.message', { hasText: 'which one?' }).hover()
  await page.locator('.message .reply').first().click()
  await page.fill('#composer', 'for alice alone')
  await page.locator('.channels .link', { hasText: 'general' }).click()
  await until('an empty composer', async () => (await page.inputValue('#composer')) === '')
  t.equal(await page.locator('.reply-panel').count(), 0)
  await page.goBack()
  await until('the text', async () => (await page.inputValue('#composer')) === 'for alice alone')
  await page.press('#composer', 'Enter')
  await shows(page, 'for alice alone')
  const answer = await newestTo(alice)
  t.equal(answer.body, 'for alice alone')
  t.not(answer.reply_to, null)
})

test('the quoted line of an answer leads to its message, wherever that is', async (t, browser) => {
  const { hub, agent } = await openRoom(t)
  const alice = await agent('alice')
  const root = await alice.post('the root')
  for (let i = 0; i < 130; i++) await alice.post(`${i}`)
  await alice.post('an answer', { replyTo: root.id })
  const page = await openPage(t, browser, hub.url)
  await shows(page, 'an answer')
  const focused = () => page.evaluate('document.activeElement?.dataset.id')
  const quote = page.locator('.reply-line')
  await quote.click()
  await until('the root to have the focus', async () => (await focused()) === `${root.id}`)
  await page.fill('#find', 'an answer')
  await page.locator('.filter-line', { hasText: '1 of 132' }).waitFor()
  await page.locator('.reply-line').click()
  await until('the root again, out of the search', async () => (await focused()) === `${root.id}`)
})

test('what is seen is read: after the page was closed, and after it was hidden', async (t, browser) => {
  const { hub, agent } = await openRoom(t)
  const alice = await agent('alice')
  const page = await openPage(t, browser, `${hub.url}/#/inbox`)
  await page.locator('.connection-live').waitFor()
  await page.goto('about:blank')
  for (let i = 0; i < 30; i++) await alice.dm('operator', `${i}`)
  await page.goto(`${hub.url}/#/inbox`)
  await shows(page, '29')
  await until('nothing to be unread', async () => (await page.title()) === 'Arc')
  const hide = (isHidden: boolean) =>
    page.evaluate(`Object.defineProperty(document, 'hidden', { configurable: true, get: () => ${isHidden} })
      document.dispatchEvent(new Event('visibilitychange'))`)
  await hide(true)
  await alice.dm('operator', 'meanwhile')
  await until('one to be unread', async () => (await page.title()).startsWith('(1)'))
  await hide(false)
  await until('nothing to be unread again', async () => (await page.title()) === 'Arc')
})

test('a search that has looked far back finds the newest messages, too', async (t, browser) => {
  const { hub, agent } = await openRoom(t)
  const alice = await agent('alice')
  for (let i = 0; i < 2_300; i += 50)
    await Promise.all(Array.from({ length: 50 }, (_, k) => alice.post(`number ${i + k}.`)))
  const page = await openPage(t, browser, hub.url)
  await shows(page, 'number')
  await page.fill('#find', 'number 3.')
  const back = page.getByRole('button', { name: 'Look further back' })
  for (;;) {
    const before = await page.locator('.filter-line').innerText()
    if ((await back.count()) === 0) break
    await back.click()
    await until('another page', async () => (await page.locator('.filter-line').innerText()) !== before)
  }
  await shows(page, 'number 3.')
  await page.fill('#find', 'number 2299.')
  await page.getByRole('button', { name: 'Look at newer ones' }).click()
  await shows(page, 'number 2299.')
})

test('the person is no agent that talks too long', async (t, browser) => {
  const { hub, agent } = await openRoom(t)
  const carol = await agent('carol')
  const page = await openPage(t, browser, hub.url)
  await page.locator('.connection-live').waitFor()
  for (let i = 0; i < 25; i++) await carol.dm('operator', `${i}`)
  const answer = await (await fetch(`${hub.url}/v1/held-wakes`)).json()
  t.same((answer as { result: unknown }).result, [])
})
