/** What is watched, who and what is let through, and the daemon itself. */
export const pages = [
  'overview',
  'connections',
  'users',
  'rules',
  'bans',
  'log',
  'settings',
  'operators',
  'daemons',
] as const
export type Page = (typeof pages)[number]
/** What has rows: the pages but the overview, and the ended connections and the groups, which share a page with others. */
export type ListPage = Exclude<Page, 'overview'> | 'closed' | 'groups'

/** What the keys of a list are about; on the overview there is none. */
export function listPage({ page, showsOther }: { readonly page: Page; readonly showsOther: boolean }): ListPage | null {
  if (page === 'overview') return null
  return (showsOther ? others[page] : undefined) ?? page
}

/** The other list that a page has. */
const others: Readonly<Partial<Record<Page, ListPage>>> = { connections: 'closed', users: 'groups' }
