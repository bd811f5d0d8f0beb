// The completion scripts: what each shell offers for a word, asked of the shell itself where it is there.

import { execFileSync, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import t from 'tap'
import { Place } from '../support/arc-process.js'

const place = new Place(t)
const has = (shell: string) => spawnSync(shell, ['-c', 'exit 0']).status === 0
const scriptFor = async (shell: string) => {
  const file = place.path(`completion.${shell}`)
  writeFileSync(file, (await place.arc(['completion', shell])).stdout)
  return file
}

/** What is typed, the last word unfinished; and what is offered. */
const CASES: readonly (readonly [typed: readonly string[], offered: readonly string[]])[] = [
  [['po'], ['post', 'poll']],
  [['channel', ''], ['create']],
  [['channel', 'create', '--ag'], ['--agent']],
  [['post', '--re'], ['--reply-to']],
  [['logs', '--fol'], ['--follow']],
]

t.test('bash offers commands, verbs and options', { skip: !has('bash') && 'no bash' }, async (t) => {
  const file = await scriptFor('bash')
  for (const [typed, offered] of CASES) {
    const ask = `. '${file}'; COMP_WORDS=(arc "$@"); COMP_CWORD=$#; _arc; printf '%s\\n' "\${COMPREPLY[@]}"`
    const words = execFileSync('bash', ['-c', ask, 'bash', ...typed], { encoding: 'utf8' })
    t.strictSame(words.split('\n').filter(Boolean), offered, typed.join(' '))
  }
})

t.test('fish offers commands, verbs and options', { skip: !has('fish') && 'no fish' }, async (t) => {
  const file = await scriptFor('fish')
  for (const [typed, offered] of CASES) {
    const ask = `source '${file}'; complete -C 'arc ${typed.join(' ')}'`
    const lines = execFileSync('fish', ['--no-config', '-c', ask], {
      encoding: 'utf8',
      env: { PATH: process.env.PATH, HOME: place.folder },
    })
    const words = lines.split('\n').filter(Boolean)
    t.strictSame(words.map((line) => line.split('\t')[0]).sort(), [...offered].sort(), typed.join(' '))
  }
})

t.test('zsh can read its script', { skip: !has('zsh') && 'no zsh' }, async (t) => {
  const file = await scriptFor('zsh')
  t.strictSame(spawnSync('zsh', ['-n', file], { encoding: 'utf8' }).stderr, '')
  const ask = `autoload -U compinit && compinit -D -u && source '${file}' && print $_comps[arc]`
  t.equal(execFileSync('zsh', ['-f', '-c', ask], { encoding: 'utf8', cwd: place.folder }), '_arc\n')
})

t.test('another shell is a mistake', async (t) => {
  const said = /SHELL must be one of bash, zsh, fish, not "tcsh"; see arc completion --help/
  t.match(await place.arc(['completion', 'tcsh']), { status: 2, stderr: said })
  t.match(await place.arc(['completion']), { status: 2, stderr: /SHELL is required/ })
})
