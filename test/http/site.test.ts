// The dashboard's files over HTTP: caching, compression, the content security policy, and what is there without a build.

import { mkdirSync, writeFileSync } from 'node:fs'
import { get, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import t from 'tap'
import { Site } from '../../src/http/site.js'
import { ownFolder } from '../support/folder.js'
import { startTestHub } from '../support/hub.js'

interface Reply {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly bytes: Buffer
}

/** Without what `fetch` would do by itself: bytes as they came. */
function ask(url: string, headers: Record<string, string> = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    get(url, { headers, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          bytes: Buffer.concat(chunks),
        }),
      )
    }).on('error', reject)
  })
}

t.test('the page and its assets', async (t) => {
  const { url, instanceId } = await startTestHub(t)
  const page = await ask(url)
  const html = page.bytes.toString()
  const assets = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] ?? '')

  t.test('the page is asked for again each time, and is 304 when it is the same', async (t) => {
    t.match(page, { status: 200, headers: { 'cache-control': 'no-cache', 'x-arc-instance': instanceId } })
    t.match(page.headers['content-type'], /^text\/html/)
    const again = await ask(url, { 'if-none-match': String(page.headers.etag) })
    t.match(again, { status: 304, headers: { etag: page.headers.etag } })
    t.equal(again.bytes.length, 0)
    t.equal((await ask(url, { 'if-none-match': '"other"' })).status, 200)
  })

  t.test('assets are of this origin, named by their content, and kept for good', async (t) => {
    t.ok(assets.length >= 3)
    for (const asset of assets) {
      t.match(asset, /^\/assets\/[\w.-]+-[\w-]{8}\.(js|css|svg)$/)
      const { status, headers } = await ask(url + asset)
      t.equal(status, 200)
      t.match(headers['cache-control'], /max-age=31536000, immutable/)
      t.equal(headers['x-content-type-options'], 'nosniff')
    }
  })

  t.test('what the browser can decode comes compressed, and is the same', async (t) => {
    for (const asset of assets.filter((name) => name.endsWith('.js') || name.endsWith('.css'))) {
      const { bytes } = await ask(url + asset)
      const brotli = await ask(url + asset, { 'accept-encoding': 'gzip, deflate, br' })
      t.equal(brotli.headers['content-encoding'], 'br')
      t.ok(brotliDecompressSync(brotli.bytes).equals(bytes))
      const gzip = await ask(url + asset, { 'accept-encoding': 'gzip, br;q=0' })
      t.equal(gzip.headers['content-encoding'], 'gzip')
      t.ok(gunzipSync(gzip.bytes).equals(bytes))
      t.equal(gzip.headers.vary, 'Accept-Encoding')
      t.not(gzip.headers.etag, brotli.headers.etag)
    }
  })

  t.test('nothing inline, and a policy that would forbid it', async (t) => {
    t.notMatch(html, /<script(?![^>]* src=)|<style|style=|onload=|javascript:/i)
    const policy = String(page.headers['content-security-policy'])
    for (const rule of [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "worker-src 'self'",
      "connect-src 'self'",
    ]) {
      t.ok(policy.includes(rule), rule)
    }
    t.match(policy, /base-uri 'none'; form-action 'none'; frame-ancestors 'none'/)
    t.notMatch(policy, /unsafe|https?:|\*/)
  })

  t.test('what is no file of it is a 404 in JSON, whatever the path tries', async (t) => {
    for (const path of [
      '/assets/none.js',
      '/assets/',
      '/assets/../index.html',
      '/assets/..%2f..%2fserver.js',
    ]) {
      const { status, headers } = await ask(url + path)
      t.equal(status, 404, path)
      t.equal(headers['content-type'], 'application/json')
    }
  })
})

t.test('without a build the page says what to run, and a later build is found', async (t) => {
  const folder = ownFolder(t)
  const site = new Site(pathToFileURL(`${folder}/site/`))
  const answer = site.answer('/', {})
  t.match(answer, { status: 200, headers: { 'Content-Type': /html/ } })
  t.match(answer?.body.toString(), /npm run build/)
  t.equal(site.answer('/assets/x.js', {}), undefined)
  mkdirSync(join(folder, 'site', 'assets'), { recursive: true })
  writeFileSync(join(folder, 'site', 'index.html'), 'built')
  writeFileSync(join(folder, 'site', 'assets', 'x.js'), 'code')
  t.equal(site.answer('/?from=bookmark', {})?.body.toString(), 'built')
  t.equal(site.answer('/assets/x.js', { 'accept-encoding': 'br' })?.body.toString(), 'code')
})
