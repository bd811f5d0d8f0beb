// Values that the browser keeps from one load of the page to the next. A browser may refuse to keep any.

export interface Kept<T> {
  read(): Readonly<Record<string, T>>
  write(values: Readonly<Record<string, T>>): void
}

/** Other programs may have written the values, so the caller must check their members. */
export function keptIn<T>(name: string): Kept<T> {
  return {
    read() {
      try {
        const found = JSON.parse(localStorage.getItem(name) ?? '{}')
        return typeof found === 'object' && found !== null ? found : {}
      } catch {
        return {}
      }
    },
    write(values) {
      try {
        localStorage.setItem(name, JSON.stringify(values))
      } catch {
        // the browser keeps nothing, or has no space left
      }
    },
  }
}
