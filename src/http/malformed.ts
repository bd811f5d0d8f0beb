// Says why Node's parser refused a request. Node's own answer has no text.

import { ArcError, invalid } from '../protocol/errors.js'

/** The parser's error; `reason` says what is malformed. */
export type ParserError = NodeJS.ErrnoException & { readonly reason?: string }

export function malformed({ code, reason }: ParserError): ArcError {
  switch (code) {
    case 'HPE_INVALID_URL':
      return invalid('the request target holds characters that must be percent-encoded, such as %C3%BC for ü')
    case 'HPE_HEADER_OVERFLOW':
      return new ArcError('headers_too_large', 'the request line and headers must be at most 16 KiB together')
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return new ArcError('body_too_large', 'the extensions of the chunks are too large: send none', {
        status: 413,
      })
    case 'HPE_INVALID_EOF_STATE':
      return invalid('the connection was closed in the middle of the request')
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new ArcError('request_timeout', 'the request took too long to arrive; send it again')
    default:
      return invalid(`this is not HTTP/1.1 as the hub understands it${reason ? `: ${reason}` : ''}`)
  }
}
