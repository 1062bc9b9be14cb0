import type { Settings } from '../shared/settings.ts'
import type { ManagementOptions } from './administration.ts'
import { Failure } from './failure.ts'
import { nearLimits } from './limits/near-limits.ts'
import type { UserTraffic } from './observe/user-traffic.ts'
import { secretIn } from './secret-file.ts'
import { SessionMoves } from './watches/session-moves.ts'
import { Watches } from './watches/watches.ts'
import { unfitUrl, Webhook } from './watches/webhook.ts'

/** Users near a limit of whom one watch tells at a time. */
const mostNear = 1_000

/**
 * What the daemon looks out for, told to the log and to the webhook, if there is one. What is to be closed in the end goes into
 * `parts`, in order. Throws a Failure for a webhook that cannot be.
 */
export async function startWatches(
  { configuration: { values }, store, dataPlane, log: { logger } }: ManagementOptions,
  traffic: UserTraffic,
  parts: AsyncDisposableStack,
): Promise<{ readonly watches: Watches; readonly webhook: Webhook | undefined }> {
  const { engine, accounts, bans, limits, limitLines: lines, usage } = dataPlane
  const warn = (message: string) => logger.warn(message)
  const totalOf = (index: number) => traffic.up(index) + traffic.down(index)
  const watches = await Watches.load({
    store: store.watches,
    moved(user) {
      if (user !== undefined) {
        const account = accounts.named(user)
        return account && totalOf(account.index)
      }
      let sum = 0
      for (let index = 0; index <= accounts.highestIndex; index++) sum += totalOf(index)
      return sum
    },
    sessions: () => new SessionMoves(engine.tables),
    nameOf: (index) => accounts.lastNameOf(index),
    near: nearLimits({ accounts, effective: limits.effective, usage, lines }, mostNear),
    watchLogins: (listener) => bans.watchLogins(listener),
    warn,
  })
  parts.defer(() => watches.close())
  watches.watch(({ watch, text }) => logger.info(`watch ${watch}: ${text}`))
  const hook = webhookOf(values)
  if (hook === undefined) return { watches, webhook: undefined }
  const webhook = new Webhook({ ...hook, warn })
  parts.defer(() => webhook.close())
  watches.watch((notice) => webhook.post(notice))
  return { watches, webhook }
}

/** What the settings want told where; undefined: nothing. Throws a Failure if that cannot be. */
export function webhookOf({ 'webhook-url': url, 'webhook-secret': file }: Readonly<Settings>) {
  if (url === '') return undefined
  const problem = unfitUrl(url)
  if (problem) throw new Failure(2, `the URL of webhook-url ${problem}`)
  return { url, secret: file === '' ? undefined : secretIn(file, 'webhook-secret') }
}
