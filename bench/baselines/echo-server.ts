// The bare baselines for posts: a `node:http` server that parses a JSON body and sends it back. With the path of a log it
// flushes the bodies of one turn of the event loop to the disk before it answers, as a hub must. Without one it stores
// nothing.

import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { FlushedLog } from './flushed-log.js'

const [logPath] = process.argv.slice(2)
const log = logPath === undefined ? undefined : new FlushedLog(logPath)
let unflushed: (() => void)[] = []

const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const body = JSON.stringify({ ok: true, result: JSON.parse(Buffer.concat(chunks).toString('utf8')) })
    if (!log) return send(response, body)
    if (unflushed.length === 0) setImmediate(flush, log)
    unflushed.push(() => send(response, body))
  })
})
process.once('disconnect', () => process.exit()) // the bench has gone
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }))

function flush(log: FlushedLog): void {
  const answers = unflushed
  unflushed = []
  log.commit(answers.length)
  for (const answer of answers) answer()
}

function send(response: ServerResponse, body: string): void {
  response.writeHead(201, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) })
  response.end(body)
}
