import type { Request } from '../../shared/protocol/message.ts'
import { type Method, type MethodShape, methods } from '../../shared/protocol/methods.ts'
import type { Session } from './session.ts'

/** Characters: whoever cuts 500 connections at once does not fill the log with their ids. */
const longestDeed = 1000

/**
 * What the log is to say of a request that was done: who, from where, and what with, in one line without secrets.
 * Undefined if it changed nothing.
 */
export function deedOf({ identity, via, address }: Session, { method, params }: Request): string | undefined {
  const { logged }: MethodShape = methods[method as Method]
  if (logged === undefined) return undefined
  const from = via === 'unix' ? via : `${via}, ${address}`
  const given = logged.filter((name) => Object.hasOwn(params, name))
  const what = given.map((name) => ` ${name}=${JSON.stringify(params[name])}`).join('')
  const deed = `${identity.name} (${from}): ${method}${what}`
  return deed.length > longestDeed ? `${deed.slice(0, longestDeed)}…` : deed
}
