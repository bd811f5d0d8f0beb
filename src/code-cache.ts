// Loads files of the program with V8's code cache. A short command spends a fifth of its time on compiling them, and a hub's
// threads as much of their start; the cache saves most of it. It lies beside its file, so whoever can change it can change the
// program, and an update removes it.
//
//   file.cjs                                            its code
//   file.cjs.<use>.<Node's version>-<processor>.cache   what V8 has compiled of it, written when the first thread of this use
//                                                       ends or has run for a moment
//
// V8 keeps the functions that have run, so each command and each kind of thread has a cache of its own: one that `arc ensure`
// kept for all would lack what `arc post` calls.
//
// Node's own module.enableCompileCache does this from Node 22 on, in a folder of its own.

import { accessSync, constants, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createRequire, Module } from 'node:module'
import { dirname, join } from 'node:path'
import { Script } from 'node:vm'

const BEGIN = Buffer.from('(function(exports,require,module,__filename,__dirname){')
const END = Buffer.from('\n})')
/** V8 lets no code from a cache call it. */
const CALLS_IMPORT = /(?<![.\w])import\(/
const USE = /^[a-z][a-z.-]{0,30}$/
/** Milliseconds after which a thread that goes on keeps the cache: it has started then. */
const KEEP_AFTER_MS = 3_000

type Require = (id: string) => unknown
type Body = (exports: unknown, require: Require, module: Module, file: string, folder: string) => void

/**
 * Loads a CommonJS file that does not begin with `#!`, and the files beside it that it requires. Returns its exports. Node's own
 * `require` finds them later.
 * @param use what this thread does with them: a command, or the name of an actor. Anything else counts as no use
 */
export function loadCached(file: string, use = ''): unknown {
  return load(file, use, createRequire(file))
}

/** @param require of any file in the same folder */
function load(file: string, use: string, require: NodeJS.Require): unknown {
  const loaded = require.cache[file]
  if (loaded) return loaded.exports
  const code = readFileSync(file)
  if (code.includes('import(') && CALLS_IMPORT.test(code.toString())) return require(file)
  const module = new Module(file)
  require.cache[file] = module
  module.filename = file
  const folder = dirname(file)
  const requireCached = (id: string) =>
    /^\.\/.*\.cjs$/.test(id) ? load(join(folder, id), use, require) : require(id)
  compiled(file, code, use)(module.exports, requireCached, module, file, folder)
  module.loaded = true
  return module.exports
}

function compiled(file: string, code: Buffer, use: string): Body {
  const name = USE.test(use) ? `.${use}` : ''
  const cache = `${file}${name}.${process.version}-${process.arch}.cache`
  const cachedData = currentOf(cache, file)
  // One string: with two, the garbage collector would run before a command has sent its first request.
  const script = new Script(Buffer.concat([BEGIN, code, END]).toString(), {
    filename: file,
    columnOffset: -BEGIN.length,
    ...(cachedData && { cachedData }),
  })
  if (!cachedData || script.cachedDataRejected) keepLater(cache, script)
  return script.runInThisContext() as Body
}

/** V8 compares only the length of the code. */
function currentOf(cache: string, file: string): Buffer | undefined {
  try {
    return statSync(cache).mtimeMs > statSync(file).mtimeMs ? readFileSync(cache) : undefined
  } catch {
    return undefined
  }
}

/** What this thread has compiled and not kept yet, by the cache's path. */
const unkept = new Map<string, Script>()

/**
 * Options of Node change what V8 accepts, so a process with some keeps nothing. Neither does one that may not write there, or
 * that fails: its use may be a mistake.
 */
function keepLater(cache: string, script: Script): void {
  if (process.execArgv.length > 0 || process.env.NODE_OPTIONS || !isWritable(dirname(cache))) return
  if (unkept.size === 0) {
    process.on('exit', keepAfterSuccess)
    setTimeout(keepAll, KEEP_AFTER_MS).unref()
  }
  unkept.set(cache, script)
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK)
    return true
  } catch {
    return false
  }
}

function keepAfterSuccess(status: number): void {
  if (status === 0) keepAll()
}

function keepAll(): void {
  process.off('exit', keepAfterSuccess)
  for (const [cache, script] of unkept) keep(cache, script)
  unkept.clear()
}

function keep(cache: string, script: Script): void {
  const temporary = `${cache}.${process.pid}-${performance.now()}` // other threads may keep it, too
  try {
    // Flushed: V8 does not notice everything that a loss of power leaves of a file.
    writeFileSync(temporary, script.createCachedData(), { flag: 'wx', flush: true })
    renameSync(temporary, cache)
  } catch {
    rmSync(temporary, { force: true })
  }
}
