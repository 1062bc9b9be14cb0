/** A user's name for people; clients without login have none. */
export function nameOf({ name }: { readonly name: string | null }): string {
  return name ?? '(no login)'
}
