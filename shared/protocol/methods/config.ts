import * as z from 'zod'
import { count, type MethodShape, nothing, stored } from './shape.ts'

const settingValue = z.union([z.string(), z.number(), z.boolean(), z.array(z.string())])

export const setting = z.object({
  name: z.string(),
  value: settingValue,
  source: z
    .enum(['default', 'file', 'stored', 'flag'])
    .describe('where the value comes from, the weakest first; `stored` by `config.set`'),
  default: settingValue,
  type: z.enum(['text', 'integer', 'choice', 'flag', 'list']),
  choices: z.array(z.string()).optional(),
  min: z.number().optional().describe('of an integer'),
  max: z.number().optional().describe('of an integer, itself included'),
  placeholder: z.string().optional().describe('stands for a value in help texts; `MS` is milliseconds'),
  runtime: z.boolean().describe('whether `config.set` can change it while the daemon runs'),
  summary: z.string(),
})
export type Setting = z.infer<typeof setting>

export const configMethods = {
  'config.get': {
    role: 'viewer',
    summary: 'List every setting with its value and where that comes from. Secrets are left out.',
    refuses: [],
    params: nothing,
    result: z.object({
      revision: count.describe('grows with each change; `config.set` wants it back'),
      settings: z.array(setting),
    }),
  },
  'config.set': {
    role: 'admin',
    summary:
      'Change settings, all or none, now and for later starts. `null` forgets what was set: flag, file or default count ' +
      'again. Refused with `conflict` if they have changed since `revision`.',
    refuses: ['conflict', 'unavailable'],
    logged: ['patch', 'dryRun'],
    params: z.strictObject({
      revision: count,
      patch: z.record(z.string().max(64), settingValue.nullable()),
      dryRun: z.boolean().optional().describe('only checks'),
    }),
    result: z.object({
      revision: count,
      changed: z.array(z.string()).describe('the settings whose values differ from before'),
      warnings: z.array(z.string()).describe('for people: such as a flag that will win at the next start'),
      stored,
    }),
  },
} satisfies Record<string, MethodShape>
