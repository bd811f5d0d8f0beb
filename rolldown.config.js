// Bundles all that runs of an installed Arc, in dist/program/: the command line, one file for each kind of thread of the hub,
// what other packages import, the benchmarks, and what harnesses run or load. It is the package's one copy of the code, apart
// from theirs. Most of a start is finding and compiling modules, and the program uses only a small part of some packages.
//
// File names are the same in every build. Each file has a map to the sources, which src/stack-trace.ts reads in a clone, so
// the stack traces in a log name places in the sources. The package has neither sources nor maps.

import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { defineConfig } from 'rolldown'

const PROGRAM = 'dist/program'
const LICENSES = 'LICENSES.txt'
const SHIMS = '\0mcp-shims'

// better-sqlite3 has a binary, piscina starts threads on a file of its own, undici is large and seldom needed, and pg is
// installed by those alone who keep a room in PostgreSQL.
const EXTERNAL = [/^better-sqlite3/, /^piscina/, /^undici/, /^gpt-tokenizer/, /^pg$/]

// The main file of jsonc-parser loads others by names that a bundler can't see.
const RESOLVE = { alias: { 'jsonc-parser': 'jsonc-parser/lib/esm/main.js' } }

const OF_NODE = { platform: 'node', resolve: RESOLVE, external: EXTERNAL }
const COMMON_JS = {
  dir: PROGRAM,
  format: 'cjs',
  minify: true,
  entryFileNames: '[name].cjs',
  sourcemap: 'hidden',
}

/** The command line, with the commands that agents call again and again. */
const EVERYDAY =
  /\/cli\/(?:main|commands\/(?:agents|claim|inbox|lock|poll|post|release|reply|unlock|wait|whoami))\.js$/

const GROUND =
  /\/dist\/src\/(?:folder|package|process-stat|stack-trace|storage-file|protocol\/(?:address|envelope|errors|json|kinds|limits|numbers|relay|timestamps)|fsqueue\/(?:layout|modes|submit))\.js$/

/** The compiled files with their maps, so that those of the bundle lead to src/. */
const compiled = (changed) => ({
  name: 'compiled',
  load: (id) => {
    const map = `${id}.map`
    if (!/\/dist\/(src|bench)\//.test(id) || !existsSync(map)) return null
    return { code: changed(readFileSync(id, 'utf8')), map: JSON.parse(readFileSync(map, 'utf8')) }
  },
})
/** Threads start with files of the hub's bundle. */
const withThreads = (code) =>
  code.replaceAll(/new URL\('\.\/([\w.]+\.(?:actor|worker))\.js', /g, "new URL('./$1.cjs', ")
const compiledMaps = compiled(withThreads)

/** A file from V8's code cache can't call `import`, so the command line requires the packages and the hub that it loads later. */
const required = compiled((code) =>
  withThreads(code).replaceAll(/\bimport\((?=['"](?:[a-z]|\.\.\/\.\.\/actors\/))/g, 'require('),
)

/** Imports of a module as imports of the bundle's file that another build makes of it. */
const inOtherBuild = (path, file) => ({
  name: 'in-other-build',
  resolveId: (source, importer) => {
    const isIt = importer && source.startsWith('.') && resolve(dirname(importer), source) === resolve(path)
    return isIt ? { id: `./${file}`, external: true } : null
  },
})

/** `npx` and a shell run the script of `arc` by itself. */
const executable = {
  name: 'executable',
  writeBundle: ({ dir }, files) => {
    if ('main.cjs' in files) chmodSync(join(dir, 'main.cjs'), 0o755)
  },
}

/** The MCP server's validator of forms that a user fills in. Arc asks for none, and the validator is 0.3 MB. */
const noFormValidator = {
  name: 'no-form-validator',
  resolveId: (source) => (source === '@modelcontextprotocol/server/_shims' ? SHIMS : null),
  load: (id) =>
    id === SHIMS
      ? `export { default as process } from 'node:process'\nexport class DefaultJsonSchemaValidator {}`
      : null,
}

/** Writes the licenses of the packages whose code is in the bundles so far. */
const licenses = {
  name: 'licenses',
  writeBundle({ dir }) {
    for (const id of this.getModuleIds()) bundled.add(id)
    writeFileSync(join(dir, LICENSES), licensesOf(bundled))
  },
}
const bundled = new Set()

const program = {
  input: {
    sdk: 'dist/src/sdk/index.js',
    protocol: 'dist/src/protocol/index.js',
    queue: 'dist/src/fsqueue/index.js',
    mcp: 'dist/src/mcp/serve.js',
  },
  ...OF_NODE,
  output: {
    dir: PROGRAM,
    cleanDir: true,
    entryFileNames: '[name].js',
    chunkFileNames: 'shared-[name].js',
    sourcemap: 'hidden',
  },
  plugins: [noFormValidator, compiledMaps, licenses],
}

// The hub and its threads start in less time as CommonJS, of which V8's code cache is kept.
const hub = {
  input: {
    hub: 'dist/src/actors/hub.js',
    transfer: 'dist/src/actors/transfer.js',
    'storage.actor': 'dist/src/actors/storage.actor.js',
    'gateway.actor': 'dist/src/actors/gateway.actor.js',
    'relay.actor': 'dist/src/actors/relay.actor.js',
    'files.worker': 'dist/src/fsqueue/files.worker.js',
  },
  ...OF_NODE,
  output: {
    ...COMMON_JS,
    chunkFileNames: 'hub-[name].cjs',
    // One file of what all threads load. Each file more costs a start about half a millisecond.
    codeSplitting: { groups: [{ name: 'ground', test: GROUND }] },
  },
  plugins: [compiledMaps, licenses],
}

// The command line starts in half the time as CommonJS. Node compiles some 16 KB of it in a millisecond, so the file is
// small, and each file more costs half a millisecond, so one holds all that an everyday command loads. The hub, the MCP
// server and the benchmarks are loaded by the commands that need them.
const commandLine = {
  input: { 'command-line': 'dist/src/cli/main.js' },
  ...OF_NODE,
  output: {
    ...COMMON_JS,
    codeSplitting: {
      groups: [{ name: 'command-line', test: EVERYDAY, includeDependenciesRecursively: true }],
    },
    chunkFileNames: ({ facadeModuleId }) =>
      facadeModuleId?.includes('/cli/commands/')
        ? `arc-${basename(facadeModuleId, '.js')}.cjs`
        : 'arc-shared-[name].cjs',
  },
  plugins: [
    inOtherBuild('dist/bench/index.js', 'bench.js'),
    inOtherBuild('dist/src/actors/hub.js', 'hub.cjs'),
    inOtherBuild('dist/src/actors/transfer.js', 'transfer.cjs'),
    inOtherBuild('dist/src/mcp/serve.js', 'mcp.js'),
    required,
    licenses,
  ],
}

const bench = {
  input: { bench: 'dist/bench/index.js', ...benchProcesses() },
  platform: 'node',
  external: EXTERNAL,
  output: {
    dir: PROGRAM,
    entryFileNames: '[name].js',
    chunkFileNames: 'bench-shared-[name].js',
    sourcemap: 'hidden',
  },
  plugins: [inOtherBuild('dist/src/sdk/index.js', 'sdk.js'), compiledMaps],
}

// Programs of one CommonJS file each, which starts in the shortest time. A hook runs at every tool call of every agent.
const small = (name, input) => ({
  input: { [name]: input },
  platform: 'node',
  output: { ...COMMON_JS, codeSplitting: false },
  plugins: [compiledMaps, executable],
})
const smallPrograms = [
  small('main', 'dist/src/cli/start.js'),
  small('hook', 'dist/src/harness/start.js'),
  small('hook-call', 'dist/src/harness/program.js'),
  small('watch', 'dist/src/harness/watch-program.js'),
  small('thread', 'dist/src/actors/start.js'),
]

// opencode loads it into its own process, which is Bun.
const opencode = {
  input: { opencode: 'dist/src/harness/opencode.js' },
  platform: 'node',
  output: { dir: PROGRAM, entryFileNames: '[name].js', codeSplitting: false, sourcemap: 'hidden' },
  plugins: [compiledMaps],
}

export default defineConfig([program, hub, commandLine, bench, ...smallPrograms, opencode])

/** The load generators and baselines that the benchmarks start as processes, by the names that `script` gets. */
function benchProcesses() {
  const sources = readdirSync('dist/bench', { recursive: true }).filter((name) => name.endsWith('.js'))
  const texts = sources.map((name) => readFileSync(join('dist/bench', name), 'utf8'))
  const names = texts.flatMap((text) =>
    [...text.matchAll(/\bscript\('([a-z-]+)'\)/g)].map(([, name]) => name),
  )
  const pathOf = (name) => sources.find((source) => basename(source) === `${name}.js`)
  return Object.fromEntries(names.map((name) => [`bench-${name}`, join('dist/bench', pathOf(name))]))
}

/** The licenses of the packages whose code is in the bundle. */
function licensesOf(modules) {
  const folders = [...modules].flatMap(
    (id) => /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(id)?.[1] ?? [],
  )
  const texts = [...new Set(folders)].sort().map((folder) => {
    const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    const file = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name))
    if (!file) throw new Error(`${folder} has no license file`)
    return `${name} ${version}\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`
  })
  return `This folder holds code of these packages.\n\n${texts.join(`\n${'-'.repeat(80)}\n\n`)}`
}
