// The person at the page, as an agent of its own: what they send reaches agents, what agents send reaches them, and
// commands do what they say.

import type { Page } from 'playwright-core'
import t from 'tap'
import { ArcClient } from '../../src/sdk/index.js'
import { until } from '../support/waiting.js'
import { browserTests, openPage } from './browser.js'
import { openRoom } from './room.js'

const test = await browserTests(t)

const operatorOf = (page: Page) => page.locator('.composer-foot .agent-name').innerText()

async function type(page: Page, line: string): Promise<void> {
  await page.locator('.connection-live').waitFor()
  await page.fill('#composer', line)
  await page.press('#composer', 'Enter')
}

test('the operator has a name of its own, keeps it, and another browser gets another', async (t, browser) => {
  const { hub, agent } = await openRoom(t)
  const observer = await agent('observer')
  const page = await openPage(t, browser, hub.url)
  t.equal(await operatorOf(page), 'operator')
  const [before] = (await observer.listAgents()).filter(({ agent_id: id }) => id === 'operator')
  await page.reload()
  t.equal(await operatorOf(page), 'operator')
  const second = await page.context().newPage()
  await second.goto(hub.url)
  t.equal(await operatorOf(second), 'operator', 'a second tab is the same person')
  const [after] = (await observer.listAgents()).filter(({ agent_id: id }) => id === 'operator')
  t.equal(after?.session_id, before?.session_id, 'of the same session')
  const other = await openPage(t, browser, hub.url)
  t.equal(await operatorOf(other), 'operator-2')
})

test('a tab that signs in while another one does is the same person', async (t, browser) => {
  const { hub } = await openRoom(t)
  const first = await openPage(t, browser, 'about:blank', { origin: hub.url })
  const late = await first.context().newPage()
  let answer = () => {}
  const mayAnswer = new Promise<void>((resolve) => {
    answer = resolve
  })
  const isAsked = new Promise<void>((resolve) => {
    void late.route('**/v1/bootstrap*', async (route) => {
      const response = await route.fetch()
      resolve()
      await mayAnswer
      await route.fulfill({ response })
    })
  })
  await late.goto(hub.url)
  await isAsked
  await first.goto(hub.url)
  t.equal(await operatorOf(first), 'operator')
  answer()
  t.equal(await operatorOf(late), 'operator')
})

test('posts, direct messages, an inbox with its unread count, and replies', async (t, browser) => {
  const { hub, agent } = await openRoom(t)
  const alice = await agent('alice')
  await alice.dm('operator', 'waiting for you')
  const page = await openPage(t, browser, hub.url)
  const inbox = page.locator('.link', { hasText: 'Inbox' })
  await inbox.locator('.badge', { hasText: '1' }).waitFor()
  await type(page, 'hello everyone')
  t.match(await alice.poll(), [
    { from_agent: 'operator', to_agent: null, channel: 'general', body: 'hello everyone' },
  ])
  await alice.dm('operator', 'and one more')
  await inbox.locator('.badge', { hasText: '2' }).waitFor()
  await until('a title that counts', async () => (await page.title()).startsWith('(2)'))
  await inbox.click()
  await page.locator('.message', { hasText: 'waiting for you' }).waitFor()
  await inbox.locator('.badge').waitFor({ state: 'detached' })
  await page.reload()
  await page.locator('.message', { hasText: 'waiting for you' }).waitFor()
  t.equal(await inbox.locator('.badge').count(), 0, 'what was read stays read')

  const asked = page.locator('.message', { hasText: 'waiting for you' })
  await asked.hover()
  await asked.getByRole('button', { name: 'Reply' }).click()
  await type(page, 'here I am')
  const [answer] = await alice.poll()
  t.match(answer, {
    to_agent: 'alice',
    body: 'here I am',
    reply_to: Number(await asked.getAttribute('data-id')),
  })

  await page.locator('[data-agent=alice] button').click()
  await page.locator('.message', { hasText: 'here I am' }).waitFor()
  await type(page, 'just between us')
  t.match(await alice.poll(), [{ to_agent: 'alice', body: 'just between us' }])
  await page.locator('.message', { hasText: 'just between us' }).waitFor()
})

test('a reply to a question is its answer: the agent that waits for it gets it', async (t, browser) => {
  const { hub, agent } = await openRoom(t)
  const alice = await agent('alice')
  const page = await openPage(t, browser, hub.url)
  await page.locator('.connection-live').waitFor()
  const answer = alice.call('operator', 'may I drop the table?')
  await page.locator('.link', { hasText: 'Inbox' }).click()
  const asked = page.locator('.message', { hasText: 'may I drop' })
  await asked.hover()
  await asked.getByRole('button', { name: 'Reply' }).click()
  await type(page, 'yes')
  t.match(await answer, { from_agent: 'operator', kind: 'task_result', body: 'yes' })
})

test('completes a task, and lets go of its own holds alone', async (t, browser) => {
  const { hub, agent } = await openRoom(t)
  const alice = await agent('alice')
  const page = await openPage(t, browser, hub.url)
  await page.locator('.connection-live').waitFor()
  const own = new ArcClient('operator', { baseUrl: hub.url })
  t.teardown(() => own.close())
  const task = await alice.post('to be done', { kind: 'task' })
  await own.lock('src/own.ts')
  await own.claim('own-claim')
  await alice.lock('src/hers.ts')
  const hold = (key: string) => page.locator(`.hold[data-key="${key}"]`)
  await hold('src/hers.ts').waitFor()
  t.equal(await hold('src/hers.ts').getByRole('button').count(), 0)
  for (const key of ['src/own.ts', 'own-claim']) {
    await hold(key).getByRole('button', { name: 'Release' }).click()
    await hold(key).waitFor({ state: 'detached' })
  }
  t.same(
    (await alice.listLocks({ activeOnly: true })).map(({ file_path: path }) => path),
    ['src/hers.ts'],
  )
  t.same(await alice.listClaims({ activeOnly: true }), [])
  const row = page.locator(`[data-task="${task.id}"]`)
  await row.hover()
  await row.getByRole('button', { name: 'Complete' }).click()
  await until('the task to be done', async () => (await alice.listTasks())[0]?.status === 'done')
  await page.locator('.message .done').waitFor()
})

test('commands: nick, channels, channel, create-channel, dm, network, help', async (t, browser) => {
  const { hub, agent } = await openRoom(t)
  const alice = await agent('alice')
  await alice.createChannel('backend')
  const page = await openPage(t, browser, hub.url)
  const notice = page.locator('.notice')
  await type(page, '/nick The Boss')
  await until('the name', async () => (await operatorOf(page)) === 'The Boss')
  t.equal((await alice.listAgents()).find(({ agent_id: id }) => id === 'operator')?.display_name, 'The Boss')
  await type(page, '/channels')
  await until('the list', async () => /backend\s*by alice/.test(await notice.innerText()))
  await type(page, '/channel backend')
  await page.locator('h1', { hasText: 'backend' }).waitFor()
  await type(page, '/channel nowhere')
  await page.getByRole('alert').getByText('There is no channel nowhere').waitFor()
  t.equal(await page.inputValue('#composer'), '/channel nowhere', 'what failed is still there')
  await type(page, '/create-channel release notes')
  await page.locator('h1', { hasText: 'release notes' }).waitFor()
  t.match(
    (await alice.listChannels()).find(({ name }) => name === 'release notes'),
    { created_by: 'operator' },
  )
  await type(page, '/dm alice are you there?')
  t.match(await alice.poll(), [{ to_agent: 'alice', body: 'are you there?' }])
  await type(page, '/network on')
  await page.getByRole('alert').getByText('--allow-remote').waitFor()
  await type(page, '/network off')
  await notice.getByText('this machine alone').waitFor()
  await type(page, '/help')
  await notice.getByText('/create-channel NAME').waitFor()
  await type(page, '/nonsense')
  await page.getByRole('alert').getByText('no command /nonsense').waitFor()
  await page.fill('#composer', '/ni')
  await page.press('#composer', 'Tab')
  t.equal(await page.inputValue('#composer'), '/nick ')
})

test('a shutdown counts down before everyone, anything typed cancels it, and /exit 0 ends the hub', async (t, browser) => {
  const { hub, agent } = await openRoom(t)
  const alice = await agent('alice')
  const page = await openPage(t, browser, hub.url)
  const other = await openPage(t, browser, hub.url)
  await type(page, '/quit 90')
  const banner = page.locator('.banner-shutdown')
  for (const seen of [banner, other.locator('.banner-shutdown')]) {
    await seen.waitFor()
    t.match(await seen.innerText(), /shuts down in 1:[23]\d/)
  }
  const first = await banner.innerText()
  await until('the countdown to run', async () => (await banner.innerText()) !== first)
  await type(page, 'wait, not yet')
  await banner.waitFor({ state: 'detached' })
  await other.locator('.banner-shutdown').waitFor({ state: 'detached' })
  const isSaid = async () => (await alice.poll()).some(({ body }) => body === 'wait, not yet')
  await until('what was typed to be said as well', isSaid)
  await type(page, '/quit')
  await page.getByRole('button', { name: 'Cancel shutdown' }).click()
  await banner.waitFor({ state: 'detached' })
  await type(page, '/exit 0')
  t.equal(await hub.stopped, 0)
  await page.locator('.banner-lost').waitFor()
})

test('the keyboard: write, move among messages, reply, open a thread, change the channel, see the keys', async (t, browser) => {
  const { hub, agent } = await openRoom(t)
  const alice = await agent('alice')
  await alice.post('first')
  await alice.post('second', { threadId: 'topic' })
  const page = await openPage(t, browser, hub.url)
  await page.locator('.message', { hasText: 'second' }).waitFor()
  const focused = () => page.locator(':focus')
  await page.keyboard.press('j')
  t.match(await focused().innerText(), /second/)
  await page.keyboard.press('k')
  t.match(await focused().innerText(), /first/)
  await page.keyboard.press('r')
  await page.locator('.reply-panel', { hasText: 'first' }).waitFor()
  await until(
    'the composer to have the focus',
    async () => (await focused().getAttribute('id')) === 'composer',
  )
  await page.keyboard.type('typed reply')
  await page.keyboard.press('Enter')
  await page.locator('.message', { hasText: 'typed reply' }).waitFor()
  await page.keyboard.press('Escape')
  await page.keyboard.press('j')
  await page.keyboard.press('k')
  await page.keyboard.press('t')
  await page.locator('h1', { hasText: 'topic' }).waitFor()
  await page.keyboard.press('Alt+ArrowDown')
  await page.locator('h1', { hasText: 'Inbox' }).waitFor()
  await page.keyboard.press('/')
  t.equal(await page.inputValue('#composer'), '/')
  await page.keyboard.press('Escape')
  await page.keyboard.press('?')
  await page.getByRole('dialog').getByText('next and previous message').waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'hidden' })
})

/** What Safari tells of the key that ends a composition: the code of the input method, and no composition any more. */
const INPUT_METHOD_KEY = 229

test('a key that ends a composition does nothing else, as Chromium tells it and as Safari does', async (t, browser) => {
  const { hub, agent } = await openRoom(t)
  const alice = await agent('alice')
  const page = await openPage(t, browser, hub.url)
  await page.locator('.connection-live').waitFor()
  const devtools = await page.context().newCDPSession(page)
  /** True when the page has done something else with the key than the browser would. */
  const press = (selector: string, key: string) =>
    page.locator(selector).evaluate(
      (field, init): boolean => {
        const event = new field.ownerDocument.defaultView.KeyboardEvent('keydown', init)
        field.dispatchEvent(event)
        return event.defaultPrevented
      },
      { key, keyCode: INPUT_METHOD_KEY, bubbles: true, cancelable: true },
    )
  for (const text of ['/nick にほん', 'にほん']) {
    await page.fill('#composer', text)
    for (const key of ['Enter', 'Tab', 'Escape'])
      t.equal(await press('#composer', key), false, `${key} in ${text}`)
    t.equal(await page.inputValue('#composer'), text)
    t.equal(await page.locator(':focus').getAttribute('id'), 'composer')
  }
  await page.fill('#composer', '')
  await devtools.send('Input.imeSetComposition', { text: 'にほん', selectionStart: 3, selectionEnd: 3 })
  for (const type of ['rawKeyDown', 'keyUp'] as const)
    await devtools.send('Input.dispatchKeyEvent', {
      type,
      key: 'Process',
      windowsVirtualKeyCode: INPUT_METHOD_KEY,
    })
  await devtools.send('Input.insertText', { text: '日本' })
  t.equal(await page.inputValue('#composer'), '日本', 'it is composed, and stands there')

  await page.fill('#find', 'さがす')
  t.equal(await press('#find', 'Escape'), false)
  t.equal(await page.inputValue('#find'), 'さがす', 'what is looked for stays')
  await page.fill('#find', '')
  await press('.scroller', '?')
  t.notOk(await page.getByRole('dialog').isVisible(), 'beside the fields as well')

  await page.press('#composer', 'Enter')
  await page.locator('.message', { hasText: '日本' }).waitFor()
  t.same(
    (await alice.poll()).map(({ body }) => body),
    ['日本'],
    'the Enter after it sends, once',
  )
  t.equal(await operatorOf(page), 'operator')
})

test('agents that talk for long without the person wait for a word', async (t, browser) => {
  const { hub, agent } = await openRoom(t)
  const [alice, bob] = [await agent('alice'), await agent('bob')]
  const page = await openPage(t, browser, hub.url)
  await page.locator('.connection-live').waitFor()
  for (let i = 0; i < 20; i++) await (i % 2 ? alice.dm('bob', `${i}`) : bob.dm('alice', `${i}`))
  t.match(await bob.wake(), { wake: false, held: [{ with_agent: 'alice', messages: 20 }] })
  const card = page.locator('.banner-held')
  await card.first().waitFor()
  t.match((await card.allInnerTexts()).join('\n'), /have exchanged at least 20 messages without you/)
  await card.first().getByRole('button', { name: 'Go on' }).click()
  await card.first().waitFor({ state: 'detached' })
  t.match(await bob.wake(), { wake: true, held: [] })
  t.match(await alice.wake(), { wake: true, held: [] })
})
