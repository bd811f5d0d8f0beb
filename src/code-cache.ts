// Loads files of the program with V8's code cache. A short command spends a fifth of its time on compiling them, and the cache
// saves most of it. It lies beside its file, so whoever can change it can change the program, and an update removes it.
//
//   file.cjs                                      its code
//   file.cjs.<Node's version>-<processor>.cache   what V8 compiled of it, written when the first process ends
//
// Node's own module.enableCompileCache does this from Node 22 on, in a folder of its own.

import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createRequire, Module } from 'node:module'
import { dirname } from 'node:path'
import { Script } from 'node:vm'

const [BEGIN, END] = ['(function(exports,require,module,__filename,__dirname){', '\n})']

type Body = (exports: unknown, require: NodeJS.Require, module: Module, file: string, folder: string) => void

/** Loads a CommonJS file that does not begin with `#!` and does not call `import`. Later, `require` finds it. */
export function loadCached(file: string): void {
  const cache = `${file}.${process.version}-${process.arch}.cache`
  const cachedData = currentOf(cache, file)
  const script = new Script(BEGIN + readFileSync(file, 'utf8') + END, {
    filename: file,
    columnOffset: -BEGIN.length,
    ...(cachedData && { cachedData }),
  })
  if (!cachedData || script.cachedDataRejected) process.on('exit', () => keep(cache, script))
  const module = new Module(file)
  const require = createRequire(file)
  require.cache[file] = module
  module.filename = file
  const body = script.runInThisContext() as Body
  body(module.exports, require, module, file, dirname(file))
  module.loaded = true
}

/** V8 compares only the length of the code. */
function currentOf(cache: string, file: string): Buffer | undefined {
  try {
    return statSync(cache).mtimeMs > statSync(file).mtimeMs ? readFileSync(cache) : undefined
  } catch {
    return undefined
  }
}

/** Options of Node change what V8 accepts, so a process with some keeps nothing. Neither does one that may not write there. */
function keep(cache: string, script: Script): void {
  if (process.execArgv.length > 0 || process.env.NODE_OPTIONS) return
  const temporary = `${cache}.${process.pid}`
  try {
    // Flushed: V8 does not notice everything that a loss of power leaves of a file.
    writeFileSync(temporary, script.createCachedData(), { flag: 'wx', flush: true })
    renameSync(temporary, cache)
  } catch {
    rmSync(temporary, { force: true })
  }
}
