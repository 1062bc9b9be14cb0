/** Bytes of a reply that are no rows, at most. */
const envelope = 1024

/** As many of the newest rows as fit into one line of `limit` bytes, oldest first. */
export function newestThatFit<Row>(rows: readonly Row[], limit: number): Row[] {
  let left = limit - envelope
  const last = rows.findLastIndex((row) => {
    left -= Buffer.byteLength(JSON.stringify(row)) + 1
    return left < 0
  })
  return rows.slice(last + 1)
}
