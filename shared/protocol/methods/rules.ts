import * as z from 'zod'
import { keptTextRules } from '../text-rules.ts'
import { count, type MethodShape, next, numberedPage, stored, textBy, time } from './shape.ts'

/** What decides where clients may go: a line of the rules, or what the daemon adds of its own. */
export const rule = z.object({
  id: count.describe("stays with the rule; those below 16 are the daemon's own"),
  place: count.nullable().describe('among the lines of the rules, from 1; null for what the daemon adds'),
  source: z
    .enum(['rules', 'setting', 'built-in'])
    .describe('`rules`: a line of them; `setting`: what a setting says, which the rules cannot lift'),
  text: z
    .string()
    .describe('cut beyond 65,536 characters: `allow|deny [user:NAME|group:NAME] [from …] [to …] [port …] [cmd …] …`'),
  hits: count.describe("requests and datagrams' destinations that it decided about since the daemon's start"),
  lately: count.describe('of them, those of the last minute, or of up to ten seconds more'),
  last: time.nullable().describe('when it last did'),
  unknown: z
    .boolean()
    .optional()
    .describe('true: there is no such user or group, so it is about nobody until there is; absent: not so'),
})
export type Rule = z.infer<typeof rule>

/** A text of rules: a line each. */
const ruleText = textBy({
  max: [524_288, 'must be at most 524,288 characters: put long lists into files (@file)'],
  ...keptTextRules,
})

const ruleLine = textBy({
  max: [65_536, 'must be at most 65,536 characters: put long lists into files (@file)'],
  ...keptTextRules,
})

const place = z.int().min(1).describe('among the rules, from 1; behind the last one it comes last')

const ifRuleRevision = count.optional().describe('only if the rules are still those of this revision, else `conflict`')

const dryRun = z.boolean().optional().describe('only tells what would come of it')

const ruleChange = z.object({
  revision: count.describe('of the rules now'),
  added: z.array(z.string()).max(500).describe('the first 500, fewer of long ones'),
  removed: z.array(z.string()).max(500).describe('as many'),
  reordered: z.boolean().describe('whether others changed places'),
  cut: count.describe('live connections that it ended, or would'),
  stored,
  warnings: z.array(z.string()).max(20).describe('for people: such as a user of whom it speaks, and whom there is not'),
})

export const ruleMethods = {
  'rules.list': {
    role: 'operator',
    summary:
      'List the rules in their order, a page at a time, and before and behind them what the daemon adds of its own.',
    refuses: [],
    params: numberedPage.extend({
      text: z.boolean().optional().describe('whether the text of the rules is wanted, too'),
    }),
    result: z.object({
      revision: count,
      rules: z.array(rule).max(500),
      text: z.string().optional().describe('as it was applied, comments and all; on the first page only'),
      next,
    }),
  },
  'rules.apply': {
    role: 'admin',
    summary:
      'Put a text in place of all rules: refused as a whole, with `line` and `column`, if one line is wrong or one of its tests ' +
      'fails. It acts on live connections, too. `dryRun` tells the difference.',
    refuses: ['conflict', 'unavailable'],
    logged: ['dryRun'],
    params: z.strictObject({ text: ruleText, ifRevision: ifRuleRevision, dryRun }),
    result: ruleChange,
  },
  'rules.add': {
    role: 'admin',
    summary: 'Add a rule behind the others.',
    refuses: ['conflict', 'unavailable'],
    logged: ['rule', 'dryRun'],
    params: z.strictObject({ rule: ruleLine, ifRevision: ifRuleRevision, dryRun }),
    result: ruleChange,
  },
  'rules.insert': {
    role: 'admin',
    summary: 'Add a rule at a place among the others.',
    refuses: ['conflict', 'unavailable'],
    logged: ['rule', 'place', 'dryRun'],
    params: z.strictObject({ rule: ruleLine, place, ifRevision: ifRuleRevision, dryRun }),
    result: ruleChange,
  },
  'rules.move': {
    role: 'admin',
    summary: 'Move a rule to another place.',
    refuses: ['not_found', 'conflict', 'unavailable'],
    logged: ['id', 'place', 'dryRun'],
    params: z.strictObject({ id: count, place, ifRevision: ifRuleRevision, dryRun }),
    result: ruleChange,
  },
  'rules.remove': {
    role: 'admin',
    summary: 'Remove rules.',
    refuses: ['not_found', 'conflict', 'unavailable'],
    logged: ['ids', 'dryRun'],
    params: z.strictObject({ ids: z.array(count).min(1).max(500), ifRevision: ifRuleRevision, dryRun }),
    result: ruleChange,
  },
  'rules.test': {
    role: 'operator',
    summary: 'Tell what the rules say of a request that nobody makes, point by point.',
    refuses: ['not_found'],
    params: z.strictObject({
      user: z.string().nullable().describe('null: without a login'),
      host: z.string().min(1).max(255),
      port: z.int().min(1).max(65_535),
      from: z.string().max(64).optional().describe("the client's address; 127.0.0.1 unless told"),
      command: z.enum(['connect', 'bind', 'udp-associate']).optional().describe('`connect` unless told'),
      resolve: z
        .array(z.string().max(64))
        .max(32)
        .optional()
        .describe('what the name stands for; unless told it is looked up'),
    }),
    result: z.object({
      allowed: z.boolean(),
      phases: z.array(
        z.object({
          address: z.string().nullable().describe('null before addresses are known'),
          allowed: z.boolean(),
          rule: count.nullable().describe('the `id` of the rule that decides; null: none is about it'),
          next: count.nullable().describe('the one that would decide without it; null: none'),
        }),
      ),
    }),
  },
} satisfies Record<string, MethodShape>
