/** Get all pages of a list, from the first to the one that names no next. */
export async function everyPage<Page extends { next?: string | undefined }>(
  get: (from: { cursor?: string }) => Promise<Page>,
): Promise<Page[]> {
  const pages: Page[] = []
  let page = await get({})
  pages.push(page)
  while (page.next !== undefined) {
    page = await get({ cursor: page.next })
    pages.push(page)
  }
  return pages
}
