// The files that a tool call edits: one form of a path, whichever way a harness writes it.

import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { editedPaths } from '../../src/harness/edits.js'
import { ownFolder } from '../support/folder.js'

const root = ownFolder(t)
const project = join(root, 'project')
mkdirSync(join(project, 'src/deep'), { recursive: true })
mkdirSync(join(project, '.git'))
writeFileSync(join(project, 'src/a.ts'), '')
symlinkSync(project, join(root, 'link'))
const edited = (tool_name: string, tool_input: unknown, folder = project) =>
  editedPaths({ tool_name, tool_input }, folder)

t.test('a path is relative to the project, from any folder in it and through links', async (t) => {
  const all = [
    edited('Edit', { file_path: join(project, 'src/a.ts') }),
    edited('Edit', { file_path: 'src/a.ts' }),
    edited('Edit', { file_path: '../a.ts' }, join(project, 'src/deep')),
    edited('Edit', { file_path: join(root, 'link/src/./a.ts') }),
    edited('Edit', { file_path: 'src/a.ts' }, join(root, 'link')),
  ]
  for (const paths of all) t.strictSame(paths, ['src/a.ts'])
  t.strictSame(edited('Write', { file_path: 'new/folder/b.ts' }), ['new/folder/b.ts'], 'not there yet')
  t.strictSame(edited('Write', { file_path: join(root, 'elsewhere.ts') }), [join(root, 'elsewhere.ts')])
  t.strictSame(edited('Write', { file_path: '..config.js' }), ['..config.js'], 'two points are no way out')
})

t.test('the files of a patch, of a batch, and of no edit', async (t) => {
  const patch = `*** Begin Patch
*** Add File: x.ts
+1
*** Update File: src/a.ts
*** Move to: src/b.ts
*** Delete File: y.ts
*** End Patch`
  t.strictSame(edited('apply_patch', { command: patch }), ['x.ts', 'src/a.ts', 'src/b.ts', 'y.ts'])
  t.strictSame(edited('apply_patch', patch), ['x.ts', 'src/a.ts', 'src/b.ts', 'y.ts'])
  const tool_calls = [
    { tool_name: 'Edit', tool_input: { file_path: 'a' } },
    { tool_name: 'Read', tool_input: { file_path: 'b' } },
    { tool_name: 'NotebookEdit', tool_input: { notebook_path: 'c' } },
    'nonsense',
  ]
  t.strictSame(editedPaths({ tool_calls }, project), ['a', 'c'])
  t.strictSame(edited('str_replace_editor', { command: 'view', path: 'a' }), [])
  t.strictSame(edited('str_replace_editor', { command: 'create', path: 'a' }), ['a'])
  for (const [name, input] of [
    ['Bash', { command: '*** Update File: a' }],
    ['TodoWrite', { file_path: 'a' }],
    ['Edit', null],
    ['Edit', { file_path: 7 }],
  ] as const)
    t.strictSame(edited(name, input), [], name)
})

t.test('at most eight files are looked up', async (t) => {
  const tool_calls = Array.from({ length: 30 }, (_, i) => ({
    tool_name: 'Edit',
    tool_input: { file_path: `${i}` },
  }))
  t.equal(editedPaths({ tool_calls }, project).length, 8)
})
