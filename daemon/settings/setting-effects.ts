import type { SettingName, Settings } from '../../shared/settings.ts'
import type { AccessLog } from '../access-log/access-log.ts'
import { Refusal } from '../refusal.ts'
import { accessLogOf } from './access-log-settings.ts'
import type { Effects } from './live-settings.ts'
import { mayBeOpen, mayStart, openProxyAhead, passwordRequired, refuseOpenProxy, remotePlace } from './open-proxy.ts'
import { type KnownUsers, trustedNames, trustWarnings } from './trusted-sources.ts'

/** What the parts of the daemon take of the settings. */
export interface Parts {
  readonly dataPlane: {
    readonly engine: { readonly capacity: number }
    readonly accounts: KnownUsers & { readonly size: number }
    readonly accessLog: Pick<AccessLog, 'foresee'>
    tune(values: Readonly<Settings>): Promise<void>
  }
  readonly users: { setPolicy(policy: (users: number) => boolean): Promise<void> }
  readonly ending: { patience: ReturnType<typeof patienceOf> }
  readonly log: { setLevel(level: Settings['log-level']): void }
  /** Has these users in memory, as far as there are such; undefined where all are. */
  readonly bring: ((names: Iterable<string>) => Promise<unknown> | undefined) | undefined
}

/** What says which files there are of the access log. */
const filesOfLog: ReadonlySet<SettingName> = new Set(['access-log', 'access-log-size', 'access-log-count'])

/** Has every part of the daemon act by the settings that can change while it runs. */
export function settingEffects({ dataPlane, users, ending, log, bring }: Parts): Effects {
  const { engine, accounts } = dataPlane
  return {
    foresee(values, changed) {
      if (changed.some((name) => filesOfLog.has(name))) dataPlane.accessLog.foresee(accessLogOf(values))
      const warnings: string[] = []
      if (changed.includes('auth') || changed.includes('open-proxy')) {
        warnings.push(...foreseeOpenness(values, accounts.size))
      }
      if (changed.includes('trusted-from')) warnings.push(...trustWarnings(values['trusted-from'], accounts))
      if (changed.includes('max-connections') && values['max-connections'] > engine.capacity) {
        warnings.push(
          `max-connections counts as ${engine.capacity} for now, since this daemon has room for so many: restart it for ` +
            'more, with as high a descriptor limit (ulimit -n) as that takes',
        )
      }
      return warnings
    },
    foreseeStart: (values) => refuseOpenProxy(values, accounts.size),
    async apply(values) {
      log.setLevel(values['log-level'])
      await bring?.(trustedNames(values['trusted-from']))
      await Promise.all([dataPlane.tune(values), users.setPolicy((users) => passwordRequired(values, users))])
      // Last, for it may end the daemon, and whoever asked shall hear that it is done.
      ending.patience = patienceOf(values)
    },
  }
}

/** Milliseconds for live connections to end, once the daemon drains or a successor serves. */
export function patienceOf(values: Readonly<Settings>): { readonly drain: number; readonly upgrade: number } {
  return { drain: values['timeout-drain'], upgrade: values['upgrade-drain'] }
}

/** Only who says so twice makes an open proxy, and never without hearing of it. */
function foreseeOpenness(values: Readonly<Settings>, users: number): string[] {
  const remote = remotePlace(values)
  if (remote === undefined) return openProxyAhead(values, users)
  if (passwordRequired(values, users)) return users > 0 ? [] : [nobodyEnters(values, remote)]
  if (mayBeOpen(values)) return [`whoever reaches SOCKS ${remote} may use it without a password from now on`]
  throw new Refusal(
    'invalid',
    `SOCKS ${remote} without a password would serve anyone who reaches it: set auth to auto or required, or ` +
      'open-proxy to true as well',
  )
}

/** Users given with -u are there again at the next start. */
function nobodyEnters(values: Readonly<Settings>, remote: string): string {
  const nobody = 'there is no user, so nobody can use SOCKS'
  const start = mayStart(values, values.user.length) ? '' : `, and proxyd will not start again to serve SOCKS ${remote}`
  const mend = values.auth === 'auto' ? ', or set open-proxy to true to serve without a password' : ''
  return `${nobody}${start}: add a user${mend}`
}
