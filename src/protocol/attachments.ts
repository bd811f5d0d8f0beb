// Attachments (PROTOCOL §2): a closed set of types, each with its own fields. Other fields are dropped.

import { z } from 'zod'
import { description, optionalInteger, optionalName, path, requiredText } from './fields.js'
import { jsonText } from './json.js'
import { exceedsChars, type Limits } from './limits.js'
import { REQUEST_NUMBERS } from './numbers.js'

/** The types of attachments (§2). */
export const ATTACHMENT_TYPES = ['text', 'json', 'code', 'file_ref', 'diff_ref'] as const

const range = {
  start_line: optionalInteger(REQUEST_NUMBERS.start_line),
  end_line: optionalInteger(REQUEST_NUMBERS.end_line),
}
const anyJson = z.custom<unknown>((value) => value !== undefined, 'is required')

/** The schema of a message's `attachments` under a hub's limits. */
export function attachmentList(limits: Limits) {
  const fits = (value: unknown) => !exceedsChars(jsonText(value ?? null), limits.maxAttachmentChars)
  const tooLong = `must encode to at most ${limits.maxAttachmentChars} characters of JSON`
  const attachment = z.discriminatedUnion(
    'type',
    [
      z.object({ type: z.literal('text'), content: requiredText.refine(fits, tooLong) }),
      z.object({
        type: z.literal('json'),
        content: anyJson.refine(fits, tooLong),
      }),
      z.object({
        type: z.literal('code'),
        content: requiredText.refine(fits, tooLong),
        language: optionalName,
      }),
      z.object({ type: z.literal('file_ref'), path, description, ...range }),
      z.object({
        type: z.literal('diff_ref'),
        path,
        description,
        base: optionalName,
        head: optionalName,
        ...range,
      }),
    ],
    {
      error: (issue) =>
        typeof issue.input === 'object' && issue.input !== null && !Array.isArray(issue.input)
          ? `must be one of ${ATTACHMENT_TYPES.join(', ')}`
          : 'must be an object',
    },
  )
  return z.preprocess(
    (value) => value ?? [],
    z
      .array(attachment, 'must be a list')
      .max(limits.maxAttachments, `must hold at most ${limits.maxAttachments} items`),
  )
}

export type Attachment = z.infer<ReturnType<typeof attachmentList>>[number]
