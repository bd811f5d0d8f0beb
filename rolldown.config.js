// Bundles the program that `arc` runs: the command line, and one file for each kind of thread of the hub. Most of a start is
// finding and compiling modules, and the program uses only a small part of some packages. Other packages import the compiled
// files, which are not bundled.
//
// File names are the same in every build, and each file has a map to the sources. src/stack-trace.ts reads the maps, so the
// stack traces in a user's log name places in the sources.

import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { defineConfig } from 'rolldown'

const compiledMaps = {
  // The compiler's maps, so that those of the bundle lead to src/.
  name: 'compiled-maps',
  load: (id) => {
    const map = `${id}.map`
    if (!id.includes('/dist/src/') || !existsSync(map)) return null
    return { code: readFileSync(id, 'utf8'), map: JSON.parse(readFileSync(map, 'utf8')) }
  },
}

const slimMaps = {
  name: 'slim-maps',
  writeBundle: ({ dir }, bundle) => {
    for (const name of Object.keys(bundle)) if (name.endsWith('.map')) withoutContent(join(dir, name))
  },
}

const program = defineConfig({
  input: {
    main: 'dist/src/cli/main.js',
    hub: 'dist/src/actors/hub.js',
    'storage.actor': 'dist/src/actors/storage.actor.js',
    'gateway.actor': 'dist/src/actors/gateway.actor.js',
    'relay.actor': 'dist/src/actors/relay.actor.js',
    'files.worker': 'dist/src/fsqueue/files.worker.js',
  },
  platform: 'node',
  // better-sqlite3 has a binary, piscina starts threads on a file of its own, undici is large and seldom needed, and the bench
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
    compiledMaps,
    slimMaps,
    { name: 'executable', writeBundle: ({ dir }) => chmodSync(join(dir, 'main.js'), 0o755) },
  ],
})

// A hook runs at every tool call of every agent. One CommonJS file starts in the shortest time.
const hook = defineConfig({
  input: { hook: 'dist/src/harness/program.js' },
  platform: 'node',
  output: {
    dir: 'dist/program',
    format: 'cjs',
    entryFileNames: '[name].cjs',
    codeSplitting: false,
    sourcemap: true,
  },
  plugins: [compiledMaps, slimMaps],
})

export default [program, hook]

/** Removes the sources' texts from a map. They would be a third of the installed package. */
function withoutContent(file) {
  const { sourcesContent, ...map } = JSON.parse(readFileSync(file, 'utf8'))
  writeFileSync(file, JSON.stringify(map))
}
