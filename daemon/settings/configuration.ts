import { hostname } from 'node:os'
import { join, resolve } from 'node:path'
import { homeFolder, runtimeDirectory } from '../../shared/folders.ts'
import type { Setting } from '../../shared/protocol/methods.ts'
import {
  type SettingName,
  type SettingShape,
  type Settings,
  type SettingValue,
  settings,
} from '../../shared/settings.ts'
import { Failure } from '../failure.ts'

/** What each source says, the weakest first. */
export interface Sources {
  readonly default: Readonly<Settings>
  readonly file: Partial<Settings>
  readonly stored: Partial<Settings>
  readonly flag: Partial<Settings>
}

/** A value for every setting, and where each comes from. */
export interface Configuration {
  readonly values: Readonly<Settings>
  readonly sources: Readonly<Record<SettingName, Setting['source']>>
  /** From which all that follows. */
  readonly said: Sources
}

const folders = ['state-dir', 'runtime-dir'] as const
const settingNames = Object.keys(settings) as SettingName[]

/**
 * As flags, file and defaults have it, for a daemon that has not opened its store yet. Folders and the access log come out absolute.
 * Throws a `Failure` if none is named for the state and this user has no home folder.
 */
export function configure(
  flag: Partial<Settings>,
  file: Partial<Settings>,
  env: Record<string, string | undefined>,
  uid: number,
): Configuration {
  const configuration = combine({ default: defaults(env, uid), file, stored: {}, flag })
  for (const name of folders) {
    if (configuration.values[name] === '') throw new Failure(2, `no folder is known for --${name}: name one with it`)
  }
  return configuration
}

/** A flag wins over what is stored, that over the file, and the file over the default. */
export function combine(said: Sources): Configuration {
  const values = { ...said.default, ...said.file, ...said.stored, ...said.flag }
  const strongest = ['flag', 'stored', 'file'] as const
  const source = (name: SettingName) => strongest.find((candidate) => name in said[candidate]) ?? 'default'
  const log = values['access-log']
  return {
    values: {
      ...values,
      ...Object.fromEntries(folders.map((name) => [name, values[name] && resolve(values[name])])),
      'access-log': log === 'off' || log === '-' ? log : resolve(log),
    },
    sources: Object.fromEntries(settingNames.map((name) => [name, source(name)])) as Configuration['sources'],
    said,
  }
}

/** A folder for which nothing is known is empty. */
function defaults(env: Record<string, string | undefined>, uid: number): Settings {
  const home = homeFolder()
  const state = env.XDG_STATE_HOME || (home && join(home, '.local/state'))
  const fixed = Object.fromEntries(Object.entries(settings).map(([name, shape]) => [name, shape.default]))
  return {
    ...(fixed as unknown as Settings),
    'state-dir': uid === 0 ? '/var/lib/proxyd' : state ? join(state, 'proxyd') : '',
    'runtime-dir': runtimeDirectory(env, uid),
    node: nodeNameOf(hostname()),
  }
}

/** Whatever a host is called, this is a name. */
function nodeNameOf(host: string): string {
  const name = host.replace(/[^a-zA-Z0-9._-]+/g, '-').replace(/^[^a-zA-Z0-9]+/, '')
  return name.slice(0, 63) || 'proxyd'
}

/** Every setting for people to read; secrets are left out. */
export function listSettings({ values, sources, said }: Configuration): Setting[] {
  return settingNames.flatMap((name) => {
    const shape: SettingShape = settings[name]
    if (shape.secret) return []
    const { type, choices, min, max, placeholder, runtime = false, summary } = shape
    return {
      name,
      value: copyOf(values[name]),
      source: sources[name],
      default: copyOf(said.default[name]),
      type,
      ...(choices && { choices: [...choices] }),
      ...(min !== undefined && { min }),
      ...(max !== undefined && { max }),
      ...(placeholder !== undefined && { placeholder }),
      runtime,
      summary,
    }
  })
}

function copyOf(value: SettingValue): Setting['value'] {
  return typeof value === 'object' ? [...value] : value
}
