// Bundles the program that `arc` runs: the command line, and one file for each kind of thread of the hub. Most of a
// start is finding and compiling modules, and of some packages only a small part is used. What other packages import
// stays as it was compiled.
//
// File names are the same in every build, and each file has a map to the sources (src/stack-trace.ts reads them), so a
// stack trace in somebody's log can be read.

import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { defineConfig } from 'rolldown'

export default defineConfig({
  input: {
    main: 'dist/src/cli/main.js',
    hub: 'dist/src/actors/hub.js',
    'storage.actor': 'dist/src/actors/storage.actor.js',
    'gateway.actor': 'dist/src/actors/gateway.actor.js',
    'relay.actor': 'dist/src/actors/relay.actor.js',
    'files.worker': 'dist/src/fsqueue/files.worker.js',
  },
  platform: 'node',
  // One has a binary, one starts threads on a file of its own, one is large and seldom needed; and the bench
  // starts its own files.
  external: [/^better-sqlite3/, /^piscina/, /^undici/, /\/dist\/bench\//],
  output: {
    dir: 'dist/program',
    cleanDir: true,
    entryFileNames: '[name].js',
    chunkFileNames: ({ facadeModuleId }) =>
      facadeModuleId?.includes('/cli/commands/') ? `arc-${basename(facadeModuleId)}` : 'shared-[name].js',
    sourcemap: true,
  },
  plugins: [
    {
      name: 'as-installed',
      writeBundle: ({ dir }, bundle) => {
        chmodSync(join(dir, 'main.js'), 0o755)
        for (const name of Object.keys(bundle)) if (name.endsWith('.map')) withoutContent(join(dir, name))
      },
    },
    {
      // The compiler's maps, so that those of the bundle lead to src/.
      name: 'compiled-maps',
      load: (id) => {
        const map = `${id}.map`
        if (!id.includes('/dist/src/') || !existsSync(map)) return null
        return { code: readFileSync(id, 'utf8'), map: JSON.parse(readFileSync(map, 'utf8')) }
      },
    },
  ],
})

/** A map that names its sources: their texts would be a third of what is installed. */
function withoutContent(file) {
  const { sourcesContent, ...map } = JSON.parse(readFileSync(file, 'utf8'))
  writeFileSync(file, JSON.stringify(map))
}
