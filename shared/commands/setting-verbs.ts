import { RpcError } from '../protocol/errors.ts'
import type { Setting } from '../protocol/methods.ts'
import { settingValue } from './setting-value.ts'
import { UsageError } from './usage-error.ts'
import { type Outcome, verb } from './verb.ts'

const unknownSetting = "list the settings with 'get'"

export const settingVerbs = {
  get: verb({
    arguments: '[NAME]',
    takes: ['setting'],
    summary: "list the daemon's settings, or tell the value of one",
    hints: { not_found: unknownSetting },
    prepare:
      ([name]) =>
      async ({ call }) => {
        const { settings } = await call('config.get', {})
        if (name === undefined) return listOf(settings)
        const setting = find(settings, name)
        return { data: setting, view: valueText(setting.value) }
      },
  }),
  set: verb({
    arguments: 'NAME [VALUE...]',
    takes: ['liveSetting', 'value'],
    role: 'admin',
    flags: {
      default: 'go back to what flag, config file and defaults say',
      'dry-run': 'only tell whether the daemon would take it',
    },
    summary: 'change a setting, now and for later starts',
    hints: {
      not_found: unknownSetting,
      conflict: "somebody else has just changed the settings; look with 'get', and try again",
    },
    prepare: ([name, ...texts], flags) => {
      const [back, dryRun] = [flags.has('default'), flags.has('dry-run')]
      if (back === texts.length > 0) throw new UsageError('a VALUE is needed, or --default, not both')
      return async ({ call }) => {
        const { revision, settings } = await call('config.get', {})
        const setting = find(settings, name)
        const value = back ? null : settingValue(setting, texts)
        const result = await call('config.set', { revision, patch: { [name]: value }, ...(dryRun && { dryRun }) })
        return {
          data: { name, value, dryRun, ...result },
          view:
            value === null && !dryRun
              ? inForce(find((await call('config.get', {})).settings, name))
              : `${name} ${sentence(value, { dryRun, changed: result.changed.includes(name) })}`,
          warnings: result.warnings,
        }
      }
    },
  }),
}

function find(settings: readonly Setting[], name: string): Setting {
  const setting = settings.find((each) => each.name === name)
  if (!setting) throw new RpcError('not_found', `no setting ${name}`)
  return setting
}

function listOf(settings: readonly Setting[]): Outcome {
  const rows = settings.map(({ name, source, runtime, value }) => [
    name,
    source,
    runtime ? 'live' : 'at start',
    valueText(value),
  ])
  return { data: settings, view: { heading: ['NAME', 'SOURCE', 'CHANGES', 'VALUE'], rows } }
}

function sentence(value: Setting['value'] | null, { dryRun, changed }: { dryRun: boolean; changed: boolean }): string {
  const what = value === null ? 'what flag, file and defaults say' : valueText(value)
  if (!changed) return `is ${what} already`
  if (value === null) return `would go back to ${what}`
  return dryRun ? `would become ${what}` : `is ${what} now`
}

const sources: Readonly<Record<Setting['source'], string>> = {
  default: 'by default',
  file: 'from the config file',
  stored: 'as it was set',
  flag: "from the daemon's flag",
}

function inForce({ name, value, source }: Setting): string {
  return `${name} is ${valueText(value)} now, ${sources[source]}`
}

function valueText(value: Setting['value']): string {
  return Array.isArray(value) ? value.join(', ') : String(value)
}
