// The way over sockets when it fails, for either kind of connections: which error says what, what an abort and `close` free, and what is
// not a hub. Against real servers that hold, garble or are not there.

import { once } from 'node:events'
import type { Test } from 'tap'
import type { Connect } from '../../src/sdk/connections.js'
import { HttpTransport } from '../../src/sdk/http-transport.js'
import { ArcClient, type ClientOptions } from '../../src/sdk/index.js'
import { steadyPort } from '../support/ports.js'
import { client as clientOf, failure } from './clients.js'
import { scriptedHub, tcpServer } from './scripted-hub.js'

export function httpTransportSuite(t: Test, connect: Connect): void {
  const over = (baseUrl: string, timeout = 10) =>
    new HttpTransport({ baseUrl, connectTimeoutSec: timeout, connect })
  const client = (t: Test, baseUrl: string, options: ClientOptions = {}) =>
    clientOf(t, baseUrl, { ...options, transport: over(baseUrl, options.timeout) })

  t.test('no hub: the error says so in the words of the protocol, and what to do', async (t) => {
    const port = await steadyPort()
    const started = performance.now()
    const error = await failure(client(t, `http://127.0.0.1:${port}`, { retryFor: 0 }).post('hello'))
    t.equal(error.code, 'no_hub')
    t.match(error.message, `http://127.0.0.1:${port}`)
    t.match(error.message, 'connection refused')
    t.match(error.message, 'arc ensure')
    t.ok(performance.now() - started < 5_000)
  })

  t.test('no hub at a name with several addresses is a refusal too', async (t) => {
    const port = await steadyPort()
    const error = await failure(client(t, `http://localhost:${port}`, { retryFor: 0 }).listChannels())
    t.equal(error.code, 'no_hub')
    t.match(error.message, /connection refused|network unreachable/)
  })

  t.test('a host that cannot be found, or does not take the connection, is unreachable', async (t) => {
    const unknown = await failure(client(t, 'http://no-such-host.invalid', { retryFor: 0 }).listChannels())
    t.match(unknown, { code: 'no_hub', message: /network unreachable/ })
    const silentPort = await tcpServer(t, () => {})
    const silent = client(t, `https://127.0.0.1:${silentPort}`, { retryFor: 0, timeout: 0.2 })
    t.match(await failure(silent.listChannels()), { code: 'no_hub', message: /network unreachable/ })
  })

  t.test('another program on the port is not taken for a hub', async (t) => {
    const speaks = async (contentType: string, text: string) => {
      const hub = await scriptedHub(t, (x) => x.raw(200, contentType, text))
      const error = await failure(client(t, hub.url).listChannels())
      t.match(error, { code: 'bad_answer', message: /not an Arc hub/ }, text)
      t.match(error.message, hub.url)
      t.equal(hub.seen.length, 1)
    }
    await speaks('text/html', '<h1>It works!</h1>')
    await speaks('application/json', '{"detail":"Not Found"}')
    await speaks('application/json', '[]')
    await speaks('application/json', '')
    const port = await tcpServer(t, (socket) => socket.end('220 mail ready\r\n'))
    t.equal((await failure(client(t, `http://127.0.0.1:${port}`).listChannels())).code, 'bad_answer')
  })

  t.test('an answer that breaks off is a lost connection, not a bad answer', async (t) => {
    let connections = 0
    const broken = {
      length: 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"ok":tr',
      chunk:
        'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n40\r\n{"ok":tr',
      head: 'HTTP/1.1 200 OK\r\ncontent-ty',
      status: 'HTTP/1.',
      close: 'HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n40\r\n{"ok":tr',
    }
    for (const [where, text] of Object.entries(broken)) {
      const port = await tcpServer(t, (socket) => {
        connections++
        socket.once('data', () => socket.end(text))
      })
      connections = 0
      const error = await failure(client(t, `http://127.0.0.1:${port}`, { retryFor: 0.2 }).listChannels())
      t.equal(error.code, 'unavailable', where)
      t.ok(connections > 1, where)
    }
  })

  t.test('a hub that accepts and never answers is a timeout, and is not asked again', async (t) => {
    const hub = await scriptedHub(t, () => {})
    const error = await failure(client(t, hub.url, { timeout: 0.2 }).listChannels())
    t.match(error, { code: 'timeout', message: /GET \/v1\/channels within 0.2 s/ })
    t.equal(hub.seen.length, 1)
  })

  t.test('an abort rejects at once, with its reason as the cause, and frees the socket', async (t) => {
    const hub = await scriptedHub(t, () => {})
    const controller = new AbortController()
    const polling = failure(client(t, hub.url).poll({ timeout: 30, signal: controller.signal }))
    await hub.until(() => hub.seen.length === 1)
    const freed = once(hub.seen[0]?.socket ?? t, 'close')
    const reason = new Error('enough')
    controller.abort(reason)
    const error = await polling
    t.equal(error.code, 'aborted')
    t.equal(error.cause, reason)
    await freed
  })

  t.test('an abort rejects at once while the connection is being made', async (t) => {
    const controller = new AbortController()
    const port = await tcpServer(t, () => setImmediate(() => controller.abort()))
    const started = performance.now()
    const secure = client(t, `https://127.0.0.1:${port}`)
    t.equal((await failure(secure.listChannels({ signal: controller.signal }))).code, 'aborted')
    t.ok(performance.now() - started < 2_000)
  })

  t.test('a signal that is aborted already sends nothing', async (t) => {
    const hub = await scriptedHub(t, (x) => x.ok([]))
    t.equal((await failure(client(t, hub.url).listChannels({ signal: AbortSignal.abort() }))).code, 'aborted')
    t.equal(hub.seen.length, 0)
  })

  t.test('many calls leave no listener on a signal that they share', async (t) => {
    const hub = await scriptedHub(t, (x) => x.ok([]))
    const { signal } = new AbortController()
    let listeners = 0
    const add = signal.addEventListener.bind(signal)
    const remove = signal.removeEventListener.bind(signal)
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners++
      add(...args)
    }
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners--
      remove(...args)
    }
    const me = client(t, hub.url)
    for (let i = 0; i < 20; i++) await me.listChannels({ signal })
    t.ok(listeners <= 1, 'the last one may still be taking its off')
  })

  t.test('close never throws, also when no hub is there any more', async (t) => {
    const hub = await scriptedHub(t, (x) => x.ok({ session_id: 's1' }))
    const me = client(t, hub.url)
    await me.register()
    await hub.stop()
    await me.close()
    await me.close()
    t.equal((await failure(me.listChannels())).code, 'aborted')
  })

  t.test('close ends what waits, after telling the hub', async (t) => {
    const hub = await scriptedHub(t, (x) => {
      if (x.path.startsWith('/v1/events')) return
      x.ok({ session_id: 's1' })
    })
    const me = client(t, hub.url)
    await me.register()
    const polling = failure(me.poll())
    await hub.until(() => hub.of('GET /v1/events').length === 1)
    await me.close()
    t.equal((await polling).code, 'aborted')
    t.equal(hub.of('DELETE /v1/sessions/s1').length, 1)
  })

  t.test('a path in the base URL is kept, its trailing slash is not', async (t) => {
    const hub = await scriptedHub(t, (x) => x.ok([]))
    await client(t, `${hub.url}/arc/`).listChannels()
    t.equal(hub.seen[0]?.path, '/arc/v1/channels')
  })

  t.test('a base URL that is none is refused before anything is sent', async (t) => {
    for (const baseUrl of ['', '127.0.0.1:6969', 'ftp://127.0.0.1']) {
      t.throws(() => new ArcClient('me', { transport: over(baseUrl) }), { code: 'invalid_request' }, baseUrl)
    }
  })
}
