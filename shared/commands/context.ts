import { RpcError } from '../protocol/errors.ts'
import type { EventName, EventParams, Method, Params, Result } from '../protocol/methods.ts'

/** What a command may use of the program that runs it. */
export interface Context {
  call<M extends Method>(method: M, params: Params<M>): Promise<Result<M>>
  /** Hear an event from then on, until the iteration throws why the connection has ended. */
  events<E extends EventName>(event: E): Promise<AsyncIterable<EventParams<E>>>
  /** Get the new password of a user, or of an operator, from where the person chose to give it. */
  readPassword(source: PasswordSource, user: string): Promise<string>
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

/**
 * Get all pages of a list, from the first to the one that names no next. Rejects with `RpcError` if there are more than a list can
 * have, as where they lead round in a circle.
 */
export async function everyPage<Page extends { next?: string | undefined }>(
  get: (from: { cursor?: string }) => Promise<Page>,
): Promise<Page[]> {
  const pages: Page[] = []
  let page = await get({})
  pages.push(page)
  while (page.next !== undefined) {
    if (pages.length === mostPages) throw new RpcError('internal_error', `the list has no end after ${mostPages} pages`)
    page = await get({ cursor: page.next })
    pages.push(page)
  }
  return pages
}
