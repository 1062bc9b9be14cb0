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

/** Get all pages of a list, from the first to the one that names no next. Rejects with a RangeError if it names itself. */
export async function everyPage<Page extends { next?: string | undefined }>(
  get: (from: { cursor?: string }) => Promise<Page>,
): Promise<Page[]> {
  const pages: Page[] = []
  let page = await get({})
  pages.push(page)
  while (page.next !== undefined) {
    const cursor = page.next
    page = await get({ cursor })
    if (page.next === cursor) throw new RangeError('a page follows itself')
    pages.push(page)
  }
  return pages
}
