// What hangs on a message, shown for what it is: text, JSON, code, or a reference to a file or a diff.

import type { JSX } from 'preact'
import { Code } from './code.js'
import { Icon } from './icon.js'
import { Name, Text } from './text.js'

/** As it came: another implementation may have stored what no schema knows. */
type Fields = Readonly<Record<string, unknown>>

export function Attachment({ attachment }: { attachment: Fields }): JSX.Element {
  const { type, content } = attachment
  switch (type) {
    case 'text':
      return (
        <figure class="attachment" data-type="text">
          <figcaption>text</figcaption>
          <Code text={textOf(content)} language="" />
        </figure>
      )
    case 'json':
      return (
        <figure class="attachment" data-type="json">
          <figcaption>JSON</figcaption>
          <Code text={JSON.stringify(content, null, 2) ?? ''} language="json" />
        </figure>
      )
    case 'code': {
      const language = textOf(attachment.language)
      return (
        <figure class="attachment" data-type="code">
          <figcaption>{language === '' ? 'code' : <Name text={language} />}</figcaption>
          <Code text={textOf(content)} language={language} />
        </figure>
      )
    }
    case 'file_ref':
    case 'diff_ref':
      return <Reference attachment={attachment} isDiff={type === 'diff_ref'} />
    default:
      return (
        <figure class="attachment" data-type="other">
          <figcaption>attachment</figcaption>
          <Code text={JSON.stringify(attachment, null, 2)} language="json" />
        </figure>
      )
  }
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
            :{textOf(start)}
            {end !== undefined && end !== null && end !== start && `–${textOf(end)}`}
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
            <Text text={textOf(description)} />
          </bdi>
        </span>
      )}
    </p>
  )
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return ''
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
