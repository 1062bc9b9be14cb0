import type { Settings } from '../../shared/settings.ts'
import type { LogSettings } from '../access-log/messages.ts'
import { sizeOf } from './setting-values.ts'

/** What the settings say of the access log. */
export function accessLogOf(values: Readonly<Settings>): LogSettings {
  return {
    file: values['access-log'] === 'off' ? undefined : values['access-log'],
    format: values['access-log-format'],
    events: values['access-log-events'],
    alive: values['access-log-alive'],
    mask: values['access-log-mask'],
    names: values['access-log-names'] === 'on',
    rotation: { size: sizeOf(values['access-log-size']) ?? 0, count: values['access-log-count'] },
  }
}
