import { guessAt } from '../likeliest.ts'
import { unitHint } from '../limits.ts'
import { RpcError } from '../protocol/errors.ts'
import type { Setting } from '../protocol/methods.ts'
import { isSpan, readSpan, spanText } from '../span.ts'
import { unlessStored } from './new-password.ts'
import { readCount, UsageError } from './usage.ts'
import { type Call, type Outcome, verb } from './verb.ts'

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
        return { data: setting, view: valueText(setting.value, setting) }
      },
  }),
  set: verb({
    arguments: 'NAME [VALUE...]',
    takes: ['liveSetting', 'value'],
    role: 'admin',
    logged: true,
    flags: {
      default: 'go back to what flag, config file and defaults say',
      'dry-run': 'only tell whether the daemon would take it',
      revision: { value: 'N', summary: 'only if nobody has changed the settings since this revision' },
    },
    summary: 'change a setting, now and for later starts',
    hints: { not_found: unknownSetting },
    ask: ([name, ...texts], flags, known) => {
      if (flags.has('dry-run')) return null
      if (!flags.has('default'))
        return { question: `Set ${name} to ${texts.join(', ')}?`, facts: [], yes: 'Do it', onlyIfWarned: true }
      const setting = known.setting(name)
      const facts = setting
        ? [`It is ${settingText(setting.value, setting)} now; the default is ${settingText(setting.default, setting)}.`]
        : []
      return { question: `Forget what was set as ${name}?`, facts, yes: 'Do it', onlyIfWarned: true }
    },
    prepare: ([name, ...texts], flags) => {
      const [back, dryRun, seen] = [flags.has('default'), flags.has('dry-run'), flags.get('revision')]
      if (back === texts.length > 0) throw new UsageError('write a VALUE, or --default in place of one')
      const expected = seen === undefined ? undefined : readCount(seen, 0, Number.MAX_SAFE_INTEGER)
      return async ({ call }) => {
        const { revision, settings } = await call('config.get', {})
        const setting = find(settings, name)
        const value = back ? null : settingValue(setting, texts)
        const change = { revision: expected ?? revision, patch: { [name]: value }, ...(dryRun && { dryRun }) }
        const result = await call('config.set', change).catch(explainConflict)
        const changes = !dryRun && result.changed.includes(name)
        return {
          data: { name, value, dryRun, ...result },
          view:
            value === null && !dryRun
              ? inForce(find((await call('config.get', {})).settings, name))
              : `${name} ${sentence(value, setting, { dryRun, changed: result.changed.includes(name) })}${unitsOf(setting, texts)}`,
          warnings: [...result.warnings, ...(unlessStored(result).warnings ?? [])],
          ...(changes && {
            undo: callToSet(setting, setting.source === 'stored' ? setting.value : null, result.revision),
          }),
        }
      }
    },
  }),
}

/** What is to be said of a rate that was written as a number alone. */
function unitsOf({ placeholder }: Setting, [text = '']: readonly string[]): string {
  const hint = placeholder === 'RATE' ? unitHint('rate', text) : undefined
  return hint === undefined ? '' : ` (${hint})`
}

/** The call that sets a setting to a value, null for none of its own, unless somebody changes the settings after `revision`. */
export function callToSet({ name }: Pick<Setting, 'name'>, value: Setting['value'] | null, revision: number): Call {
  const flags = { revision: String(revision) }
  if (value === null) return { verb: 'set', values: [name], flags: { ...flags, default: '' } }
  const texts = Array.isArray(value) ? (value.length > 0 ? value : ['']) : [String(value)]
  return { verb: 'set', values: [name, ...texts], flags }
}

/** Of a conflict the daemon speaks in revisions. */
function explainConflict(error: unknown): never {
  if (!(error instanceof RpcError) || error.kind !== 'conflict') throw error
  throw new RpcError('conflict', 'somebody else has just changed the settings; look, then try again')
}

/** A setting's value for people: a time as a span, an empty one as `-`. */
export function settingText(value: Setting['value'], shape: Pick<Setting, 'placeholder'>): string {
  return valueText(value, shape) || '-'
}

function find(settings: readonly Setting[], name: string): Setting {
  const setting = settings.find((each) => each.name === name)
  if (!setting) {
    const guess = guessAt(
      name,
      settings.map((each) => each.name),
    )
    throw new RpcError('not_found', `no setting ${name}${guess === undefined ? '' : `; ${guess}`}`)
  }
  return setting
}

function listOf(settings: readonly Setting[]): Outcome {
  const rows = settings.map((setting) => [
    setting.name,
    setting.source,
    setting.runtime ? 'live' : 'at start',
    valueText(setting.value, setting),
  ])
  return { data: settings, view: { heading: ['NAME', 'SOURCE', 'CHANGES', 'VALUE'], rows } }
}

function sentence(
  value: Setting['value'] | null,
  setting: Setting,
  { dryRun, changed }: { dryRun: boolean; changed: boolean },
): string {
  const what = value === null ? 'what flag, file and defaults say' : valueText(value, setting)
  if (!changed) return `is ${what} already`
  if (value === null) return `would go back to ${what}`
  return dryRun ? `would become ${what}` : `is ${what} now`
}

const sources: Readonly<Record<string, string>> = {
  default: 'by default',
  file: 'from the config file',
  stored: 'as it was set',
  flag: "from the daemon's flag",
}

function inForce(setting: Setting): string {
  return `${setting.name} is ${valueText(setting.value, setting)} now, ${sources[setting.source] ?? setting.source}`
}

/** As it may be typed, too. */
export function valueText(value: Setting['value'], { placeholder }: Pick<Setting, 'placeholder'>): string {
  if (typeof value === 'number' && isSpan(placeholder)) return spanText(value, placeholder)
  return Array.isArray(value) ? value.join(', ') : String(value)
}

const flagWords: Readonly<Record<string, boolean>> = {
  true: true,
  on: true,
  yes: true,
  false: false,
  off: false,
  no: false,
}

/**
 * What `texts`, as typed, mean for this setting: a list takes several, or one with commas, or an empty one for none.
 * Throws `UsageError` if they cannot mean anything; whether the value will do, the daemon knows.
 */
export function settingValue({ name, type, placeholder }: Setting, texts: readonly string[]): Setting['value'] {
  if (type === 'list') return texts.flatMap((text) => (text === '' ? [] : text.split(',').map((item) => item.trim())))
  const [text, ...more] = texts
  if (text === undefined || more.length > 0) throw new UsageError(`${name} takes one value; quote it if it has spaces`)
  switch (type) {
    case 'integer': {
      if (isSpan(placeholder)) {
        const span = readSpan(text, placeholder)
        if (span === undefined) throw new UsageError(`${name} takes a time, such as 90s or 1h30m`)
        return span
      }
      if (!/^-?\d{1,15}$/.test(text)) throw new UsageError(`${name} takes a whole number`)
      return Number(text)
    }
    case 'flag': {
      const flag = Object.hasOwn(flagWords, text) ? flagWords[text] : undefined
      if (flag === undefined) throw new UsageError(`${name} takes true or false`)
      return flag
    }
    default:
      return text
  }
}
