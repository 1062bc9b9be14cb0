import type { SettingName, Settings } from '../../shared/settings.ts'
import { rateOf } from './setting-values.ts'

type Judge<Value> = (before: Value, after: Value) => boolean

const isLower: Judge<number> = (before, after) => after <= before
/** 0 stands for no limit. */
const isLowerLimit: Judge<number> = (before, after) =>
  after === before || (after > 0 && (before === 0 || after < before))
const isLowerRate: Judge<string> = (before, after) => isLowerLimit(rateOf(before) ?? 0, rateOf(after) ?? 0)
const isPart: Judge<readonly string[]> = (before, after) => after.every((one) => before.includes(one))

/** Of the settings that say what clients may: whether they may no more than before. */
const judges: { readonly [Name in SettingName]?: Judge<Settings[Name]> } = {
  auth: (_, after) => after === 'required',
  'open-proxy': (_, after) => !after,
  'udp-port-required': (_, after) => after,
  protocols: isPart,
  commands: isPart,
  'trusted-from': isPart,
  'ban-exempt': isPart,
  'max-connections': isLower,
  'max-connections-source': isLowerLimit,
  'connect-rate-source': isLowerLimit,
  'rate-up': isLowerRate,
  'rate-down': isLowerRate,
  'rate-up-source': isLowerRate,
  'rate-down-source': isLowerRate,
}

/** In place of what is damaged in the store, which may have kept out more than the default does, or told less. */
export const closed: Partial<Settings> = {
  auth: 'required',
  'open-proxy': false,
  'udp-port-required': true,
  protocols: ['socks5'],
  commands: ['connect'],
  'trusted-from': [],
  'ban-exempt': [],
  'access-log-mask': 'full',
  'access-log-names': 'off',
}

/** Whether a change of these settings only takes something away from clients. */
export function isTighter(
  before: Readonly<Settings>,
  after: Readonly<Settings>,
  changed: readonly SettingName[],
): boolean {
  return changed.length > 0 && changed.every((name) => isTighterBy(name, before, after))
}

function isTighterBy<Name extends SettingName>(
  name: Name,
  before: Readonly<Settings>,
  after: Readonly<Settings>,
): boolean {
  return judges[name]?.(before[name], after[name]) ?? false
}
