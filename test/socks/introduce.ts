import { type Introduction, ProxyHeader } from '../../daemon/socks/proxy-header.ts'

/** What came of a PROXY header, in a form that tests can write down. */
export interface Introduced {
  /** The kind; of a client its address in hexadecimal, and its port. */
  readonly outcome: string
  /** What followed the header in its last chunk, in hexadecimal. */
  readonly rest: string
}

/** Feeds chunks to a header until it is clear whose the connection is. Each is wiped once it was received. */
export function introduce(chunks: readonly Uint8Array[]): Introduced {
  const header = new ProxyHeader()
  for (const chunk of chunks) {
    const passing = Buffer.from(chunk)
    const introduction = header.receive(passing)
    const rest = 'rest' in introduction ? Buffer.from(introduction.rest).toString('hex') : ''
    passing.fill(0xee)
    if (introduction.kind !== 'more') return { outcome: describe(introduction), rest }
  }
  return { outcome: 'more', rest: '' }
}

function describe(introduction: Introduction): string {
  if (introduction.kind !== 'client') return introduction.kind
  return `client ${Buffer.from(introduction.address).toString('hex')} ${introduction.port}`
}
