// Which files a tool call edits, from the payload of any harness, in the one form of paths: relative to the project's folder.

import { resolve } from 'node:path'
import { inProject, projectOf } from '../project-path.js'
import { plainPath } from '../sdk/paths.js'
import type { Payload } from './harness.js'

/** The edit tools of all harnesses. One that only looks is told by its command. */
const EDIT_TOOLS =
  /^(edit|multi_?edit|notebook_?edit|write|write_file|edit_file|replace|create|create_file|insert|search_replace|str_replace(_editor|_based_edit_tool)?|apply_patch)$/i
const PATHS = ['file_path', 'filePath', 'notebook_path', 'path', 'target_file']
const PATCHES = ['command', 'input', 'patch', 'patchText']
const MOST_PATHS = 8

/** A matcher for the edit tools of a harness that takes a regular expression on their names. */
export const EDIT_MATCHER = '^(Edit|MultiEdit|NotebookEdit|Write|edit|write_file|replace|apply_patch)$'

/** The files that the tools of this event edit, at most 8. */
export function editedPaths(payload: Payload, folder: string): string[] {
  const calls = Array.isArray(payload.tool_calls) ? (payload.tool_calls as unknown[]) : [payload]
  const paths = calls.flatMap((call) => (isObject(call) ? pathsOf(call) : []))
  const root = paths.length === 0 ? folder : projectOf(folder)
  return [...new Set(paths.map((path) => plainPath(inProject(resolve(folder, path), root))))].slice(
    0,
    MOST_PATHS,
  )
}

function pathsOf(call: Payload): string[] {
  const name = call.tool_name ?? call.toolName
  const given = parsed(call.tool_input ?? call.toolArgs)
  if (typeof name !== 'string' || !EDIT_TOOLS.test(name)) return []
  if (typeof given === 'string') return patched(given)
  if (!isObject(given) || given.command === 'view') return []
  const named = PATHS.map((member) => given[member])
    .filter(isText)
    .slice(0, 1)
  const patches = PATCHES.map((member) => given[member]).filter(isText)
  return [...named, ...patches.flatMap(patched)]
}

/** The files of a patch in the form of `apply_patch`. */
function patched(patch: string): string[] {
  const lines = patch.matchAll(/^\*\*\* (?:(?:Update|Add|Delete) File|Move to): (.+)$/gm)
  return [...lines].map(([, path = '']) => path.trim())
}

function parsed(value: unknown): unknown {
  if (typeof value !== 'string' || !value.startsWith('{')) return value
  try {
    return JSON.parse(value) as unknown
  } catch {
    return value
  }
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''

function isObject(value: unknown): value is Payload {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
