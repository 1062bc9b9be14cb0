import { isUnspecified, parseLiteral } from './address.ts'

/** The addresses of this machine that targets are to see. */
export interface Egress {
  /** Literals, and names of interfaces, which stand for their addresses; see `isEgress`. Of a user, none: a rule may say. */
  readonly from: readonly string[]
  /** Which of several: the same one for user and destination, or each in its turn. */
  readonly mode: 'sticky' | 'turns'
}

/** Whether a text can be an address of this machine, without a zone, or an interface's name. */
export function isEgress(text: string): boolean {
  const bytes = parseLiteral(text)
  return bytes ? !isUnspecified(bytes) && !isOfMany(bytes) : /^[A-Za-z][\w.@-]{0,14}$/.test(text)
}

/** An address of a group (RFC 1112, RFC 4291), or of all: nothing can be sent from one. */
function isOfMany(bytes: Uint8Array): boolean {
  return bytes[0] >= (bytes.length === 4 ? 224 : 255)
}
