import { shown } from './unknown.ts'

/** `1 connection`, `2 connections`, of what is no number `? connections`: for words whose plural ends in s. */
export function counted(count: number, noun: string): string {
  return `${shown(count)} ${noun}${count === 1 ? '' : 's'}`
}
