// The size of one answer, in the statement itself: the driver reads an answer as a whole, so the server must not send more
// than `rules/bounded.ts` would keep. It counts bytes, of which a character has at most three, so what it leaves out would
// not have fitted.

/** Bytes of a page's messages, and of a listing's. */
export const PAGE = 3 * 16 * 1024 * 1024
export const LISTING = 3 * 64 * 1024 * 1024

const SIZE =
  'coalesce(octet_length(body), 0) + coalesce(octet_length(attachments_json), 0) + coalesce(octet_length(metadata_json), 0)'

/** The first messages of `rows`, in this order, that fit, and one more. */
export function bounded(rows: string, order: string, bytes: number): string {
  return `SELECT * FROM (SELECT fitting.*, sum(${SIZE}) OVER (ORDER BY ${order}) - (${SIZE}) AS bytes_before
    FROM (${rows}) AS fitting) AS answer WHERE bytes_before <= ${bytes} ORDER BY ${order}`
}
