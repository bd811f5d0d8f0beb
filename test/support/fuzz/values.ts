// The fuzzer's values: those that a client would send, and those that have broken a program before. All come from the random
// source, so a seed replays them.

import { MESSAGE_KINDS } from '../../../src/protocol/kinds.js'
import { REQUEST_NUMBERS } from '../../../src/protocol/numbers.js'
import type { Random } from '../campaign.js'

/** Few names, so that requests conflict: one agent's claim is another's refusal. */
const NAMES = [
  'a',
  'b',
  'agent-1',
  'smoke',
  'general',
  'direct',
  'system',
  't-1',
  'task-1',
  'src/a.ts',
  '7',
  'ünï',
]
const ODD_NAMES = [
  ...[
    '',
    ' ',
    '.',
    '..',
    '/',
    'a/b',
    '%',
    '%2F',
    '?',
    '#',
    '&',
    '=',
    '+',
    'a b',
    ' padded ',
    "'; DROP TABLE messages; --",
  ],
  ...[
    '<script>',
    '"',
    '\\',
    '\0',
    'a\0b',
    '\n',
    '\r\n',
    '\t',
    '\x1b[2J',
    '\x7f',
    '\u0085',
    '\u2028',
    '\u202e',
    '\ufeff',
    '\ufffd',
  ],
  ...[
    '🚀',
    '👩‍👩‍👧',
    'e\u0301\u0301\u0301',
    'ﷺ',
    '__proto__',
    'constructor',
    'toString',
    'null',
    'NaN',
    'true',
    '-1',
    '1e3',
    '*',
    '@a',
  ],
  ...[
    'x'.repeat(64),
    'x'.repeat(256),
    'x'.repeat(257),
    'ا'.repeat(256),
    '🚀'.repeat(256),
    'y'.repeat(4_096),
    'y'.repeat(4_097),
  ],
]
const NUMBERS = [
  ...[
    '0',
    '1',
    '-1',
    '-0',
    '5',
    '4',
    '2',
    '3600',
    '300',
    '60',
    '500',
    '501',
    '1.5',
    '1e3',
    '1e-7',
    '0.1',
    '99999',
  ],
  ...[
    '9007199254740991',
    '9007199254740992',
    '9007199254740993',
    '-9007199254740993',
    '2147483648',
    '4294967296',
  ],
  ...[
    '253402300800',
    '200000000001',
    '18446744073709551616',
    '1e308',
    '1e309',
    '-1e400',
    '9'.repeat(310),
    '1E+2',
  ],
]
const ODD_TEXTS = [
  ...[
    '"\\ud83d"',
    '"\\ude00\\ud83d"',
    '"\\u0000"',
    '"\\ud83d\\ude80"',
    '"\\\\ud83d"',
    '"\\uFEFF"',
    '""',
    '" "',
    '"\\/"',
  ],
  ...[
    'true',
    'false',
    'null',
    '[]',
    '{}',
    '[null]',
    '{"":""}',
    '[[]]',
    '{"__proto__":{"a":1}}',
    '{"a":1,"a":2}',
    '[1e400]',
  ],
  ...[
    '{"toString":1,"constructor":{"prototype":{}}}',
    '{"n":9007199254740993}',
    '{"thread_id":"t-1","channel":"general"}',
  ],
  ...[nest(99), nest(100), nest(101), nest(3_000), `${'{"a":'.repeat(101)}1${'}'.repeat(101)}`],
]
const KINDS = [...MESSAGE_KINDS, 'CHAT', ' chat ', 'shout', '']
const BOOLEANS = ['true', 'false', '1', 'yes', 'YES', 'no', '0', '']

function nest(levels: number): string {
  return '['.repeat(levels) + ']'.repeat(levels)
}

/** A client's usual values for numbers with narrow bounds, and for ids of other objects. */
const MEANT: Readonly<Record<string, readonly string[]>> = {
  ttl_sec: ['5', '60', '300', '86400'],
  delay_sec: ['3600'],
  limit: ['1', '10', '500'],
  since_id: ['0', '1', '50'],
}

export class Values {
  readonly random: Random
  /** True: only usual values, so that the hub accepts many requests. */
  isCalm = false

  constructor(random: Random) {
    this.random = random
  }

  chance(share: number): boolean {
    return this.random.next() < share
  }

  pick<T>(list: readonly T[]): T {
    return list[this.random.between(0, list.length - 1)] as T
  }

  name(): string {
    return this.isCalm || this.chance(0.85) ? this.pick(NAMES) : this.pick(ODD_NAMES)
  }

  numberText(field = ''): string {
    if (this.isCalm) return this.pick(MEANT[field] ?? ['1', '2', '3', '10', '40'])
    return this.chance(0.2) ? String(this.random.between(-100, 2_000)) : this.pick(NUMBERS)
  }

  boolean(): string {
    return this.pick(BOOLEANS)
  }

  /** Any JSON text. The hub may refuse it. */
  anyJson(levels = 3): string {
    const kind = this.random.between(0, levels > 0 ? 6 : 4)
    if (kind === 0 && !this.isCalm) return this.pick(ODD_TEXTS)
    if (kind === 1) return this.numberText()
    if (kind <= 4) return this.text(this.name())
    const members = Array.from({ length: this.random.between(0, 4) }, () => this.anyJson(levels - 1))
    if (kind === 5) return `[${members.join()}]`
    return `{${members.map((member) => `${this.text(this.name())}:${member}`).join()}}`
  }

  /** A string as JSON, in one of its spellings. */
  text(value: string): string {
    const json = JSON.stringify(value)
    if (!this.chance(0.05)) return json
    return json.replace(
      /[\u0080-\uffff]/g,
      (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
    )
  }

  /** JSON for a member of a body, mostly of the right type. */
  member(field: string): string {
    if (!this.isCalm && this.chance(0.08)) return this.anyJson()
    if (field in REQUEST_NUMBERS) return this.#number(field)
    switch (field) {
      case 'kind':
        return JSON.stringify(this.pick(this.isCalm ? MESSAGE_KINDS : KINDS))
      case 'replace':
      case 'allow_remote':
        return this.chance(0.5) ? this.pick(['true', 'false']) : JSON.stringify(this.boolean())
      case 'metadata':
        return `{${this.text(this.name())}:${this.anyJson()},"thread_id":${this.text(this.name())}}`
      case 'capabilities':
        return `[${Array.from({ length: this.random.between(0, 3) }, () => this.text(this.name())).join()}]`
      case 'attachments':
        return `[${Array.from({ length: this.random.between(0, 3) }, () => this.attachment()).join()}]`
      case 'body':
        return this.body()
      default:
        return this.text(this.name())
    }
  }

  #number(field: string): string {
    const text = this.numberText(field)
    return this.chance(0.8) ? text : JSON.stringify(text)
  }

  body(): string {
    if (this.chance(0.01)) return JSON.stringify(this.pick(ODD_NAMES).repeat(this.random.between(1, 2_000)))
    if (this.chance(0.01)) return JSON.stringify('b'.repeat(128_000 + this.random.between(-1, 1)))
    return this.text(`${this.name()} says ${this.random.between(0, 1_000)}`)
  }

  attachment(): string {
    const type = this.pick([
      'text',
      'json',
      'code',
      'file_ref',
      'diff_ref',
      ...(this.isCalm ? [] : ['image']),
    ])
    const members = ['content', 'language', 'path', 'description', 'base', 'head', 'start_line', 'end_line']
    const given = members
      .filter(() => this.isCalm || this.chance(0.6))
      .map((member) => `"${member}":${this.member(member)}`)
    return `{${[`"type":"${type}"`, ...given].join()}}`
  }

  /** A value in a query, where everything is text. */
  parameter(field: string): string {
    if (!this.isCalm && this.chance(0.08)) return this.pick(ODD_NAMES)
    // Long waits would slow the campaign, so most requests do not wait.
    if (field === 'timeout') return this.pick(['0', '0', '0.01', '0.05', '-1', 'soon', '0x1', ''])
    if (field in REQUEST_NUMBERS) return this.numberText(field)
    if (['tail', 'exclude_self', 'changes', 'active_only'].includes(field)) return this.boolean()
    if (field === 'status') return this.pick(['open', 'done', 'OPEN', 'other', ''])
    if (field === 'channels') return `${this.name()},${this.name()}`
    return this.name()
  }

  /** The bytes with one fault. */
  damage(bytes: Buffer): Buffer {
    const at = this.random.between(0, Math.max(0, bytes.length - 1))
    const before = bytes.subarray(0, at)
    const after = bytes.subarray(at)
    switch (this.random.between(0, 7)) {
      case 0:
        return before // cut off
      case 1:
        return Buffer.concat([before, Buffer.of(this.random.between(0, 255)), after])
      case 2:
        return Buffer.concat([before, after.subarray(1)])
      case 3:
        return Buffer.concat([before, after.subarray(0, 20), after]) // a part twice
      case 4:
        return Buffer.concat([Buffer.from('\ufeff'), bytes])
      case 5:
        return Buffer.from(`\ufeff${bytes.toString('utf8')}`, 'utf16le')
      case 6:
        return Buffer.concat([
          bytes,
          this.pick([Buffer.from('}'), Buffer.from(' '), Buffer.from('\0'), bytes]),
        ])
      default:
        return Buffer.concat([before, Buffer.of(0xed, 0xa0, 0xbd), after]) // half a character, in bytes
    }
  }
}
