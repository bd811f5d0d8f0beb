// Readers of the live feed as server-sent events get messages at a fixed pace. The baseline is a bare server that writes
// as much to as many open responses.

import { type Loaded, withBare } from '../bare.js'
import type { Bench, Scenario } from '../bench.js'
import { result } from '../hubs.js'
import type { StreamJob, StreamResult } from '../load/stream-load.js'
import { type RunJob, withLoad } from '../load-process.js'
import { tooFewFiles } from '../process-facts.js'
import { script } from '../processes.js'
import type { Who } from '../report.js'

const SSE_SERVER = script('sse-server')
const STREAM_LOAD = script('stream-load')

/** 60 ms for 1,000 readers: slow enough for 50 µs a delivery. A queue would hide the time of a delivery. */
const FULL = { readers: 1_000, warmUps: 20, messages: 200, intervalMs: 60, deadlineMs: 30_000 }
const QUICK = { readers: 100, warmUps: 5, messages: 50, intervalMs: 10, deadlineMs: 5_000 }

export const stream: Scenario = {
  name: 'stream',
  about:
    'readers of server-sent events, beside a bare node:http server that writes to as many open responses',
  run: (bench) =>
    bench.withHubs(async (hubs) => {
      const size = bench.quick ? QUICK : FULL
      const of = `${size.readers.toLocaleString('en')} readers`
      const able: Loaded[] = []
      for (const hub of hubs) {
        const { features } = await result<{ features: readonly string[] }>(hub.url, '/v1/hub-info')
        const why = features.includes('sse')
          ? tooFewFiles(size.readers, hub.pid)
          : 'its features do not name sse'
        if (why) bench.cannot(hub.who, of, why)
        else able.push(hub)
      }
      if (able.length === 0) return
      await withBare(SSE_SERVER, (bare) =>
        withLoad(STREAM_LOAD, (run: RunJob<StreamJob, StreamResult>) =>
          measure(bench, { of, size }, [bare, ...able], run),
        ),
      )
    }),
}

async function measure(
  bench: Bench,
  { of, size }: { of: string; size: Omit<StreamJob, 'url'> },
  servers: readonly Loaded[],
  runStreams: RunJob<StreamJob, StreamResult>,
): Promise<void> {
  const run = async ({ who, url }: Loaded, isWarmUp: boolean): Promise<StreamResult> => {
    const streamed = await runStreams({ ...size, url, messages: isWarmUp ? 1 : size.messages })
    if (streamed.trouble) bench.progress(`${who}, ${of}: ${streamed.trouble}`)
    return streamed
  }
  const results = await bench.alternate(
    servers.map((server): [Who, (isWarmUp: boolean) => Promise<StreamResult>] => [
      server.who,
      (isWarmUp) => run(server, isWarmUp),
    ]),
  )
  bench.deliveries(of, results)
}
