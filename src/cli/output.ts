// JSON goes to standard output, everything for people to standard error (PROTOCOL §12).

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}

export function say(text: string): void {
  process.stderr.write(`${text}\n`)
}

/** A command that ends with this status after it has printed what there was to say. */
export class ExitStatus {
  readonly status: number

  constructor(status: number) {
    this.status = status
  }
}
