// Cuts texts without cutting a character in two: half of a surrogate pair is no text, and strict readers of JSON refuse it.

/** The beginning of a longer text, of `max` UTF-16 units or one less. */
export function beginning(text: string, max: number): string {
  return text.length <= max ? text : text.slice(0, wholeFrom(text, max))
}

/** The place `at`, or the one before it if `at` would split a character. */
export function wholeFrom(text: string, at: number): number {
  const isInside = /[\udc00-\udfff]/.test(text.charAt(at)) && /[\ud800-\udbff]/.test(text.charAt(at - 1))
  return isInside ? at - 1 : at
}
