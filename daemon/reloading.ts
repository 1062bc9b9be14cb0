import type { Result } from '../shared/protocol/methods.ts'
import type { ControlServer } from './control/server.ts'
import type { DataPlane } from './data-plane.ts'
import { Failure } from './failure.ts'
import type { Heard } from './monitoring.ts'
import { Refusal } from './refusal.ts'
import type { LiveRules } from './rules/live-rules.ts'
import type { ServiceManager } from './service/service-manager.ts'
import { readConfigFile } from './settings/config-file.ts'
import type { LiveSettings, Reread } from './settings/live-settings.ts'

/** Milliseconds for a config file that is a pipe with nothing in it: whoever asked hears why, for they wait ten seconds themselves. */
const patience = 3_000

/** Reads what lies in files again, as `asker` wishes. What has a mistake stays as it was; the log tells it, too. */
export type Reload = (asker: string) => Promise<Result<'daemon.reload'>>

interface Reloaded {
  readonly control: Pick<ControlServer, 'reload'>
  readonly config: Pick<LiveSettings, 'reread'>
  readonly rules: Pick<LiveRules, 'reload'>
  readonly dataPlane: Pick<DataPlane, 'accessLog'>
  readonly configFile: string | undefined
  readonly manager: Pick<ServiceManager, 'reloading'>
  readonly log: { info(message: string): void; warn(message: string): void }
  /** Counts them, where somebody wants to know. */
  readonly heard: Pick<Heard, 'reloads'> | undefined
}

export function reloading({ control, config, rules, dataPlane, configFile, manager, log, heard }: Reloaded): Reload {
  /** Resolves to what the work comes to, or else to undefined, and its problem is told. */
  async function attempt<T>(what: string, work: () => Promise<T>, problems: string[]): Promise<T | undefined> {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof Failure || error instanceof Refusal)) throw error
      const problem = `${what} as they were: ${error.message}`
      log.warn(problem)
      problems.push(problem)
      return undefined
    }
  }

  const reload: Reload = async (asker) => {
    log.info(`${asker}: what lies in files is read again, and the access log is opened again, if there is one`)
    const problems: string[] = []
    const file = async () => (configFile === undefined ? {} : readConfigFile(configFile, patience))
    const nothing: Reread = { now: [], later: [], warnings: [] }
    const { now, later, warnings } =
      (await attempt('the settings stay', () => config.reread(file), problems)) ?? nothing
    for (const warning of warnings) log.warn(warning)
    dataPlane.accessLog.reopen()
    const [tls] = await Promise.all([
      control.reload(),
      attempt('the lists of the rules stay', () => rules.reload(), problems),
    ])
    if (tls.problem !== undefined) problems.push(tls.problem)
    if (heard) heard.reloads[problems.length > 0 ? 'failed' : 'ok']++
    const changed = [...now.map((each) => ({ ...each, now: true })), ...later.map((each) => ({ ...each, now: false }))]
    return { changed, warnings: [...warnings, ...(tls.warning === undefined ? [] : [tls.warning])], problems }
  }
  return (asker) => manager.reloading(() => reload(asker))
}
