import { settingText } from '../../../shared/commands/setting-verbs.ts'
import type { Setting } from '../../../shared/protocol/methods.ts'

/** What a setting may be, what it is if nobody sets it, and what it is for. */
export function settingAdvice(setting: Setting): string {
  const { summary, type, choices, min, max } = setting
  const range = min === undefined || max === undefined ? '' : `${min} to ${max}, `
  const words = choices ? `${choices.join(', ')}; ` : type === 'list' ? 'several with commas between them; ' : ''
  return `${range}${words}default ${settingText(setting.default, setting)}: ${summary}`
}
