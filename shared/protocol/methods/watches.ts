import * as z from 'zod'
import { watchNameRules, watchTextRules } from '../text-rules.ts'
import { mostWatches } from '../vocabulary.ts'
import { count, done, type EventShape, type MethodShape, nothing, stored, textBy, time } from './shape.ts'

/** What is looked out for. */
export const watch = z.object({
  name: z.string(),
  text: z.string().describe('what it looks out for: `rate>10MB/s user:bob for 30s`'),
  created: time,
  by: z.string().describe('the operator who added it'),
  firing: z.array(z.string()).max(100).describe('of whom it is so now: users, sources, or `all`'),
  fired: count.describe('how often it has told of something since the start of the daemon'),
})
export type Watch = z.infer<typeof watch>

/** What a watch has to tell. */
export const watchNotice = z.object({
  watch: z.string().describe('its name'),
  time,
  state: z
    .enum(['firing', 'over', 'seen'])
    .describe('`firing`: it is so from now on; `over`: no more; `seen`: it happened'),
  subject: z.string().describe('whom it is about: a user, a source, or `all`'),
  text: z.string().describe('for people'),
})
export type WatchNotice = z.infer<typeof watchNotice>

const name = textBy(watchNameRules).describe('up to 64 letters, digits, `.`, `-` and `_`')

export const watchMethods = {
  'watches.list': {
    role: 'operator',
    summary: 'List what is looked out for, by name.',
    refuses: [],
    params: nothing,
    result: z.object({ watches: z.array(watch).max(mostWatches) }),
  },
  'watches.add': {
    role: 'admin',
    summary:
      'Look out for something from now on, kept over restarts: a rate of a user, a source or all, failed logins of a source, a ' +
      'destination that a user goes to for the first time, somebody near a limit. It is told to who follows, as an event, in the log, ' +
      'and to `webhook-url`.',
    refuses: ['exists', 'conflict', 'unavailable'],
    logged: ['name', 'text'],
    params: z.strictObject({
      name,
      text: textBy(watchTextRules).describe(
        '`rate>10MB/s`, with `user:NAME` or `src:NETWORK` and `for 30s` behind it; `login-failures>20 for 1m`; `new-destination ' +
          'user:NAME`; `near-limit`, of all or `user:NAME`',
      ),
    }),
    result: z.object({ watch }),
  },
  'watches.remove': {
    role: 'admin',
    summary: 'Look out for something no longer.',
    refuses: ['not_found'],
    logged: ['name'],
    params: z.strictObject({ name }),
    result: z.object({ text: z.string(), stored }),
  },
  'watches.subscribe': {
    role: 'operator',
    summary: 'Hear of what watches tell from now on.',
    refuses: [],
    params: nothing,
    result: done,
  },
  'watches.unsubscribe': {
    role: 'operator',
    summary: 'Hear of it no longer.',
    refuses: [],
    params: nothing,
    result: done,
  },
} satisfies Record<string, MethodShape>

export const watchEvents = {
  'watches.notices': {
    summary: 'What watches tell, oldest first. `missed` counts what was told before and this client was too slow for.',
    params: z.object({ notices: z.array(watchNotice).max(500), missed: count }),
  },
} satisfies Record<string, EventShape>
