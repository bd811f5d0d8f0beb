// An attachment of a message, drawn by its type: text, JSON, code, or a reference to a file or a diff.

import type { JSX } from 'preact'
import { useMemo } from 'preact/hooks'
import { jsonText } from '../model/json.js'
import { textOf } from '../model/message.js'
import { beginning } from '../model/text.js'
import { Code } from './code.js'
import { Icon } from './icon.js'
import { Name, Text } from './text.js'

const JSON_CHARS = 300_000
const DESCRIPTION_CHARS = 1_000

/** The stored attachment, unchecked: another implementation may have stored one that fits no schema. */
type Fields = Readonly<Record<string, unknown>>

interface Props {
  readonly attachment: Fields
  /** Names it, as in `attachment 2 of message 7`. */
  readonly what: string
}

export function Attachment({ attachment, what }: Props): JSX.Element {
  const { type, content } = attachment
  switch (type) {
    case 'text':
      return (
        <figure class="attachment" data-type="text">
          <figcaption>text</figcaption>
          <Code text={textOf(content)} language="" what={what} />
        </figure>
      )
    case 'json':
      return (
        <figure class="attachment" data-type="json">
          <Json caption="JSON" value={content} what={what} />
        </figure>
      )
    case 'code': {
      const language = textOf(attachment.language)
      return (
        <figure class="attachment" data-type="code">
          <figcaption>{language === '' ? 'code' : <Name text={language} />}</figcaption>
          <Code text={textOf(content)} language={language} what={what} />
        </figure>
      )
    }
    case 'file_ref':
    case 'diff_ref':
      return <Reference attachment={attachment} isDiff={type === 'diff_ref'} />
    default:
      return (
        <figure class="attachment" data-type="other">
          <Json caption="attachment" value={attachment} what={what} />
        </figure>
      )
  }
}

/** A value as JSON. If the value is too deep or too large, it shows a part and says so. */
export function Json({
  caption,
  value,
  what,
}: {
  caption: string
  value: unknown
  what: string
}): JSX.Element {
  const { text, isCut } = useMemo(() => jsonText(value, { chars: JSON_CHARS, indented: true }), [value])
  return (
    <>
      <figcaption>{isCut ? `${caption}, not all of it` : caption}</figcaption>
      <Code text={text} language="json" what={what} />
    </>
  )
}

function Reference({ attachment, isDiff }: { attachment: Fields; isDiff: boolean }): JSX.Element {
  const { path, description, base, head, start_line: start, end_line: end } = attachment
  return (
    <p class="attachment reference" data-type={isDiff ? 'diff_ref' : 'file_ref'}>
      <Icon name={isDiff ? 'diff' : 'file'} />
      <span class="reference-path">
        <Name text={textOf(path)} class="path" />
        {start !== undefined && start !== null && (
          <span class="lines">
            :<Name text={textOf(start)} />
            {end !== undefined && end !== null && end !== start && (
              <>
                –<Name text={textOf(end)} />
              </>
            )}
          </span>
        )}
      </span>
      {isDiff && (base !== undefined || head !== undefined) && (
        <span class="revisions">
          <Name text={textOf(base) || '…'} /> → <Name text={textOf(head) || '…'} />
        </span>
      )}
      {textOf(description) !== '' && (
        <span class="quiet">
          <bdi>
            <Text text={beginning(textOf(description), DESCRIPTION_CHARS)} />
          </bdi>
        </span>
      )}
    </p>
  )
}
