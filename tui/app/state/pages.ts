export const pages = ['overview', 'connections', 'users', 'log', 'settings', 'operators', 'daemons'] as const
export type Page = (typeof pages)[number]
/** What has rows: the pages but the overview, and the ended connections, which share a page with the live ones. */
export type ListPage = Exclude<Page, 'overview'> | 'closed'

/** What the keys of a list are about; on the overview there is none. */
export function listPage({
  page,
  showsClosed,
}: {
  readonly page: Page
  readonly showsClosed: boolean
}): ListPage | null {
  if (page === 'connections' && showsClosed) return 'closed'
  return page === 'overview' ? null : page
}
