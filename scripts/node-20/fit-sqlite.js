// Part of `npm install` in a clone, before the build: on Node 20 it replaces better-sqlite3 13 by 12.
//
// The lock file names 13, which includes its binaries and needs Node 22; Node 20 crashes at its first use. So this script
// installs 12 in this folder, by a lock file of its own, and makes node_modules/better-sqlite3 a link to it. Each
// `npm install` restores 13 and then runs this script again. The compiled 12 stays, so only the first time takes long.

import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const PLACE = here('../../node_modules/better-sqlite3')
const FITTING = here('node_modules/better-sqlite3')

const manifest = (folder) => JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'))
const isCompiled = () =>
  existsSync(`${FITTING}/build/Release/better_sqlite3.node`) &&
  manifest(FITTING).version === manifest(here('.')).dependencies['better-sqlite3']

const major = (version) => Number.parseInt(version, 10)
if (major(process.versions.node) < 22 && existsSync(PLACE) && major(manifest(PLACE).version) >= 13) {
  if (!isCompiled()) install()
  rmSync(PLACE, { recursive: true })
  symlinkSync('../scripts/node-20/node_modules/better-sqlite3', PLACE, 'junction') // the kind is for Windows alone
}

function install() {
  console.log(
    `Node ${process.versions.node}: installing better-sqlite3 12, which may compile for a minute or two`,
  )
  // The outer npm's options, such as `--dry-run` or `--omit`, are not meant for this one.
  const options = ['--no-dry-run', '--no-global', '--ignore-scripts=false', '--no-audit', '--no-fund']
  const npm = process.env.npm_execpath
  const [command, ...args] = npm ? [process.execPath, npm] : ['npm']
  const { status, error } = spawnSync(command, [...args, 'ci', ...options], {
    cwd: here('.'),
    stdio: 'inherit',
    shell: !npm && process.platform === 'win32',
  })
  if (error) throw error
  if (status !== 0) process.exit(status ?? 1)
}
