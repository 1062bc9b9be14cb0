/** What live connections can be summed up by. */
export const groupings = ['user', 'source', 'destination'] as const
export type Grouping = (typeof groupings)[number]
