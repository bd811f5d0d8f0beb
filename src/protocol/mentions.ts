// Mentions (PROTOCOL §18). `@id` mentions the agent with exactly this id, as a word of its own. So an e-mail address mentions
// nobody, and `@codex-2` does not mention `codex`. An id with other characters than these can't be mentioned.

const MENTION = /(?<![\p{L}\p{N}_.-])@([\p{L}\p{N}_](?:[\p{L}\p{N}_.:/@+-]*[\p{L}\p{N}_])?)/gu
/** A longer list of names is no longer a call to each of them. */
const MAX_MENTIONS = 64

/** The ids that a text mentions, each once. */
export function mentionsIn(text: string): string[] {
  if (!text.includes('@')) return []
  const found = new Set<string>()
  for (const [, id] of text.matchAll(MENTION)) {
    found.add(id as string)
    if (found.size === MAX_MENTIONS) break
  }
  return [...found]
}
