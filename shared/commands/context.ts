import { RpcError } from '../protocol/errors.ts'
import { limits } from '../protocol/limits.ts'
import type { EventName, EventParams, Method, Params, Result } from '../protocol/methods.ts'

/** What a command may use of the program that runs it. */
export interface Context {
  call<M extends Method>(method: M, params: Params<M>): Promise<Result<M>>
  /** Hear an event from then on, until the iteration throws why the connection has ended. */
  events<E extends EventName>(event: E): Promise<AsyncIterable<EventParams<E>>>
  /** Get the new password of a user, or of an operator, from where the person chose to give it. */
  readPassword(source: PasswordSource, user: string): Promise<string>
  /** Throws `UsageError` if it is known that a password that is made and shown once cannot be written. */
  demandReader(): void
  /** Tell how far something has come that takes long; each text takes the place of the one before. */
  tellProgress(text: string): void
  /** Get the text of a file, or what comes from standard input (`-`). Rejects with `UsageError`. */
  readText(file: string): Promise<string>
  /** Make a file with this text that only this user can read. Rejects with `UsageError`, also if there is one. */
  writeText(file: string, text: string): Promise<void>
  /**
   * Have the person edit a text in a terminal, with what is wrong with it told above it, if something is. Resolves to
   * undefined if they saved nothing. Rejects with `UsageError` where there is no terminal.
   */
  editText(text: string, problem?: string): Promise<string | undefined>
}

export type PasswordSource = 'stdin' | 'prompt'

/** A list of a million rows has fewer. */
const mostPages = 2_500
/** So has a search through 400 GB of an access log, many pages of which may be empty. */
const mostSearched = 100_000
/** Pages whose rows are not measured: of a line each, they fit into memory. */
const unmeasured = 100
/** Characters of all further pages, as JSON: a million rows have some 200 each. */
const mostCharacters = 256 * 1024 * 1024

/**
 * Get all pages of a list, from the first to the one that names no next. Rejects with `RpcError` if there are more than a list can
 * have, as where they lead round in a circle, more rows in one than a page has, or more in all than memory has room for.
 */
export async function everyPage<Page extends { next?: string | undefined }>(
  get: (from: { cursor?: string }) => Promise<Page>,
): Promise<Page[]> {
  const pages: Page[] = []
  for await (const page of pagesOf(get, mostPages)) pages.push(page)
  return pages
}

/**
 * Get the newest `last` entries of a list that has them newest first, as many as there are, the oldest of them first. Rejects as
 * `everyPage` does, but after more pages: each may have fewer entries than were asked for, even none.
 */
export async function lastEntries<Entry>(
  get: (from: { limit: number; cursor?: string }) => Promise<{ entries: readonly Entry[]; next?: string | undefined }>,
  last: number,
): Promise<Entry[]> {
  const entries: Entry[] = []
  const rest = (from: { cursor?: string }) => get({ ...from, limit: Math.min(limits.page, last - entries.length) })
  for await (const page of pagesOf(rest, mostSearched)) {
    entries.push(...page.entries)
    if (entries.length >= last) break
  }
  return entries.reverse()
}

async function* pagesOf<Page extends { next?: string | undefined }>(
  get: (from: { cursor?: string }) => Promise<Page>,
  most: number,
): AsyncGenerator<Page> {
  let page = soundPage(await get({}))
  let characters = 0
  yield page
  for (let asked = 1; page.next !== undefined; asked++) {
    if (asked === most) throw new RpcError('internal_error', `the list has no end after ${most} pages`)
    page = soundPage(await get({ cursor: page.next }))
    if (asked >= unmeasured) characters += JSON.stringify(page).length
    if (characters > mostCharacters) throw new RpcError('internal_error', 'the list is larger than any that proxyd has')
    yield page
  }
}

/** One with more rows than a page has would fill the memory with what is nothing on the wire. Throws `RpcError` for it. */
function soundPage<Page extends object>(page: Page): Page {
  const isTooLong = Object.values(page).some((rows) => Array.isArray(rows) && rows.length > limits.page)
  if (isTooLong) throw new RpcError('internal_error', `a page of the list has more than ${limits.page} rows`)
  return page
}
