// What a program asks its person for before it heeds what `arc setup` has written: approval, trust, a restart. It is read from the
// program's own files, where they tell. Arc writes none of it: the program asks on purpose.

import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'jsonc-parser'
import { parse as parseToml } from 'smol-toml'
import { homeFolder } from '../home.js'
import { FACTS, type Place, type SetupName } from './places.js'

export interface Finding {
  readonly harness: SetupName
  readonly about: 'configuration' | 'hooks' | 'plugin' | 'server' | 'person'
  /** Null: it can't be told from here. */
  readonly ok: boolean | null
  /** A plain sentence; if something is missing, with what to do. */
  readonly text: string
}

type Make = (ok: Finding['ok'], text: string) => Finding
type Values = Readonly<Record<string, unknown>>

/** What only the person can do: trust, approval, a restart. */
export function forThePerson(
  harness: SetupName,
  places: readonly Place[],
  project: string | undefined,
): Finding[] {
  const finding = (ok: boolean | null, text: string): Finding => ({ harness, about: 'person', ok, text })
  const changedAt = new Date(Math.max(...places.map(({ file }) => statSync(file).mtimeMs)))
  const restart = finding(
    null,
    `if it has run since before ${changedAt.toLocaleString('sv-SE')}, start it again`,
  )
  return [...approvals(harness, places, finding), ...trust(harness, project, finding), restart]
}

/** Codex keeps in its configuration which hooks the person has approved: by file, event, and place in its list. */
function approvals(harness: SetupName, places: readonly Place[], finding: Make): Finding[] {
  const place = places.find(({ file }) => file.endsWith('hooks.json'))
  if (harness !== 'codex' || !place || !('json' in place)) return []
  const { file, json } = place
  const { hooks = {} } = valuesOf(file) as { hooks?: Record<string, unknown[]> }
  const { state = {} } = (valuesOf(join(FACTS.codex.home(), 'config.toml')).hooks ?? {}) as {
    state?: Record<string, { enabled?: boolean; trusted_hash?: string }>
  }
  const missing = json.edits.filter(({ path: [, event = ''], isOurs }) => {
    const at = hooks[event]?.findIndex((entry) => isOurs(JSON.stringify(entry)))
    const name = event.replace(/(?<!^)[A-Z]/g, '_$&').toLowerCase()
    const { enabled = true, trusted_hash } = state[`${file}:${name}:${at}:0`] ?? {}
    return !enabled || trusted_hash === undefined
  })
  const all = json.edits.length
  return missing.length === 0
    ? [finding(true, `its ${all} hooks are approved; Codex asks again when one of them changes`)]
    : [
        finding(
          false,
          `Codex skips hooks that are not approved (${missing.length} of ${all}): start codex, type /hooks, and approve Arc's`,
        ),
      ]
}

/** Configuration in a project counts only where the person trusts its folder. */
function trust(harness: SetupName, project: string | undefined, finding: Make): Finding[] {
  if (project === undefined) return []
  const isTrusted = trusts[harness]?.(project)
  if (isTrusted === undefined)
    return [finding(null, `it may ask whether you trust ${project}: until then it reads nothing there`)]
  return [
    isTrusted
      ? finding(true, `it trusts ${project}`)
      : finding(
          false,
          `it does not trust ${project} yet, and reads nothing there: start it there, and say yes`,
        ),
  ]
}

const trusts: Readonly<Partial<Record<SetupName, (project: string) => boolean>>> = {
  claude: (project) => {
    const { projects = {} } = valuesOf(
      join(process.env.CLAUDE_CONFIG_DIR || homeFolder(), '.claude.json'),
    ) as {
      projects?: Values
    }
    return (projects[project] as Values | undefined)?.hasTrustDialogAccepted === true
  },
  codex: (project) => {
    const { projects = {} } = valuesOf(join(FACTS.codex.home(), 'config.toml')) as { projects?: Values }
    return (projects[project] as Values | undefined)?.trust_level === 'trusted'
  },
  copilot: (project) => {
    const { trustedFolders = [] } = valuesOf(join(FACTS.copilot.home(), 'config.json')) as {
      trustedFolders?: unknown[]
    }
    return trustedFolders.includes(project)
  },
}

function valuesOf(file: string): Values {
  try {
    const text = readFileSync(file, 'utf8').replace(/^\uFEFF/, '')
    const values: unknown = file.endsWith('.toml')
      ? parseToml(text, { integersAsBigInt: 'asNeeded' })
      : parse(text)
    return (values ?? {}) as Values
  } catch {
    return {}
  }
}
