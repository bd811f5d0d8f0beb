// A real Chromium for the dashboard's tests: Debian's, headless, one a file, with a context of its own for each
// page. A page fails its test when it throws, breaks the content security policy, or asks anything of
// another origin than the hub's.

import { existsSync } from 'node:fs'
import { type Browser, chromium, type Page } from 'playwright-core'
import type { Test } from 'tap'

/** The shell has the same engine and no window: a page costs a quarter of the processor time. */
const BROWSERS = ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium']
export const EXECUTABLE = process.env.ARC_CHROMIUM ?? BROWSERS.find(existsSync) ?? '/usr/bin/chromium'
export const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
]

/** For tap's `skip`. `.ci/run` fails where a browser test was skipped. */
export const needsChromium: string | false = existsSync(EXECUTABLE)
  ? false
  : `no browser at ${EXECUTABLE}: install chromium, or name one by ARC_CHROMIUM`

/** The browser of a test file; undefined where there is none, and its tests are skipped. */
export async function openBrowser(t: Test, args: readonly string[] = []): Promise<Browser | undefined> {
  if (needsChromium) return undefined
  // Without the test runner's NODE_OPTIONS, and without what else the environment holds.
  const env = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '/tmp', LANG: 'en_GB.UTF-8' }
  const browser = await chromium.launch({ executablePath: EXECUTABLE, args: [...ARGS, ...args], env })
  t.teardown(() => browser.close())
  return browser
}

export interface PageOptions {
  readonly width?: number
  readonly height?: number
  readonly colorScheme?: 'light' | 'dark'
  /** A phone: fingers, and no pointer that hovers. */
  readonly isPhone?: boolean
  /** Where the page will go later, when it does not begin there. */
  readonly origin?: string
}

/** What a page did that it must never do. */
interface Misdeeds {
  readonly errors: string[]
  readonly foreignRequests: string[]
}

/** Of the pages of a test. */
const misdeeds = new WeakMap<Test, readonly Misdeeds[]>()

/** A page of a fresh context, at the dashboard of a hub. Checked when the test ends. */
export async function openPage(
  t: Test,
  browser: Browser,
  url: string,
  { width = 1280, height = 800, colorScheme = 'light', isPhone = false, origin = url }: PageOptions = {},
): Promise<Page> {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme,
    isMobile: isPhone,
    hasTouch: isPhone,
    locale: 'en-GB',
    timezoneId: 'UTC',
  })
  const page = await context.newPage()
  page.setDefaultTimeout(20_000)
  misdeeds.set(t, [...(misdeeds.get(t) ?? []), watch(page, new URL(origin).origin)])
  t.teardown(() => context.close())
  await page.goto(url)
  return page
}

function watch(page: Page, origin: string): Misdeeds {
  const errors: string[] = []
  const foreignRequests: string[] = []
  page.on('pageerror', (error) => errors.push(error.message))
  page.on('console', (message) => {
    // A hub that is away, a request that it refuses, and what the browser leaves out without https are logged by itself.
    if (
      message.type() === 'error' &&
      !/Failed to load resource|ERR_|Opener-Policy header has been ignored/.test(message.text())
    ) {
      errors.push(message.text())
    }
  })
  page.on('request', (request) => {
    const asked = request.url()
    if (!asked.startsWith(`${origin}/`) && !asked.startsWith('data:')) foreignRequests.push(asked)
  })
  return { errors, foreignRequests }
}

export type BrowserTest = (name: string, run: (t: Test, browser: Browser) => Promise<void>) => void

/** Defines the browser tests of a file: they share one browser, and are skipped where there is none. */
export async function browserTests(t: Test, args?: readonly string[]): Promise<BrowserTest> {
  const browser = await openBrowser(t, args)
  return (name, run) =>
    void t.test(name, { skip: needsChromium }, async (t) => {
      if (!browser) return
      await run(t, browser)
      for (const { errors, foreignRequests } of misdeeds.get(t) ?? []) {
        t.same(errors, [], 'nothing was thrown or refused in the page')
        t.same(foreignRequests, [], 'nothing was asked of another origin')
      }
    })
}
