import { setTimeout } from 'node:timers/promises'
import type { AuditEntry, Ban } from '../shared/protocol/methods.ts'
import type { LateChanges } from './access/late-changes.ts'
import type { Users } from './access/users.ts'
import type { ControlServer } from './control/server.ts'
import type { DataPlane } from './data-plane.ts'
import type { Ending } from './ending.ts'
import type { MetricsServer } from './prometheus/server.ts'
import { Refusal } from './refusal.ts'
import type { LiveRules } from './rules/live-rules.ts'
import type { LiveSettings } from './settings/live-settings.ts'
import type { AuditKept, Elsewhere, Store, UsageBatch } from './store/store.ts'
import type { Channel } from './upgrade/channel.ts'
import type { Predecessor } from './upgrade/predecessor.ts'
import { type Successor, type Testator, Upgrade } from './upgrade/upgrade.ts'

/** Milliseconds for the process before to end with this one. */
const farewellTime = 2_000

export interface UpgradingOptions {
  readonly store: Store
  readonly dataPlane: DataPlane
  readonly control: ControlServer
  readonly monitoring: MetricsServer | undefined
  readonly users: Pick<Users, 'setEnabled'>
  readonly rules: Pick<LiveRules, 'apply'>
  readonly late: Pick<LateChanges, 'settle'>
  readonly config: Pick<LiveSettings, 'values'>
  readonly ending: Ending
  readonly predecessor: Predecessor | undefined
  readonly environment: NodeJS.ProcessEnv
  readonly log: { info(message: string): void; warn(message: string): void }
}

/**
 * Both ends of an upgrade: how this process makes way for its successor, and what it hears from the one before. What is to be
 * closed in the end goes into `parts`, in order.
 */
export function startUpgrading(options: UpgradingOptions, parts: AsyncDisposableStack): Upgrade {
  const { store, dataPlane, predecessor, ending, log } = options
  if (predecessor) {
    predecessor.answer = (question, given) => hear(question, given, store, dataPlane)
    follow(predecessor, ending, parts)
  }
  return new Upgrade({
    testator: testatorOf(options),
    environment: options.environment,
    patience: () => options.config.values['timeout-upgrade'],
    ends: ending.began,
    tell: (message) => log.info(message),
  })
}

function testatorOf(options: UpgradingOptions): Testator {
  const { store, dataPlane, control, monitoring, users, rules, late, ending, predecessor, log } = options
  const cutBy = (change: Promise<{ readonly cut: number }>) =>
    change.then(
      ({ cut }) => cut,
      (error: Error) => log.warn(`what the successor revokes stays here: ${error.message}`),
    )
  return {
    generation: predecessor?.generation ?? 1,
    cookie: control.cookie,
    sockets: () => [...dataPlane.engine.sockets, ...control.sockets, ...(monitoring?.sockets ?? [])],
    async lend(signal) {
      log.info('the successor has read its settings: it gets the store and the runtime folder')
      await control.lend(signal)
      // What acts and is not stored, the successor would not know of.
      await Promise.all([late.settle(), dataPlane.store()])
      signal.throwIfAborted()
      await store.lend()
    },
    async takeBack() {
      await store.takeBack().catch((error: Error) => log.warn(`the store is not open again yet: ${error.message}`))
      await control.takeBack()
    },
    leave({ pid, channel }: Successor) {
      store.giveAway(elsewhere(channel))
      void tellManager(`MAINPID=${pid}`, log.warn.bind(log))
      ending.makeWay()
      void control.leave()
      monitoring?.leave()
      void channel.closed.then(() => ending.drain('the successor has gone'))
    },
    async answer(question, given) {
      switch (question) {
        case 'shutOut': {
          const { name } = given as { name: string }
          return dataPlane.accounts.named(name) ? cutBy(users.setEnabled(name, false)) : 0
        }
        case 'judge':
          return cutBy(rules.apply({ text: (given as { rules: string }).rules }))
        case 'drain':
          return void ending.drain('the successor drains')
        case 'shutdown':
          return ending.shutdown()
        default:
          throw new Refusal('unavailable', `this version does not know what ${question} is`)
      }
    },
  }
}

/** The process that has made way ends with this one at the latest, which takes down what it has moved until then. */
function follow({ channel }: Predecessor, { drains }: Ending, parts: AsyncDisposableStack): void {
  const ask = (question: string) => void channel.ask(question).catch(() => {})
  drains.addEventListener('abort', () => ask('drain'), { once: true })
  parts.defer(() => {
    ask('shutdown')
    return Promise.race([channel.closed, setTimeout(farewellTime, undefined, { ref: false })])
  })
}

/** What this process would store, told to the successor: it keeps the store, and knows of what operators change by itself. */
function elsewhere(successor: Channel): Elsewhere {
  return (part, method, [first, second]) => {
    switch (`${part}.${method}`) {
      case 'usage.save':
        return successor.ask('usage', { rows: [...(first as UsageBatch).rows] })
      case 'audit.append':
        return successor.ask('audit', { entries: first, kept: second })
      case 'bans.save':
        return successor.ask('bans', { bans: [...(first as ReadonlyMap<string, Ban | null>).values()] })
      default:
        return Promise.resolve(true)
    }
  }
}

/** What a process that makes way tells this one. */
async function hear(question: string, given: unknown, store: Store, { usage, bans }: DataPlane): Promise<unknown> {
  switch (question) {
    case 'usage':
      return usage.add((given as { rows: number[] }).rows)
    case 'audit': {
      const { entries, kept } = given as { entries: Omit<AuditEntry, 'id'>[]; kept: AuditKept }
      return store.audit.append(entries, kept)
    }
    case 'bans':
      return bans.adopt((given as { bans: (Ban | null)[] }).bans.filter((ban) => ban !== null))
    default:
      throw new Refusal('unavailable', `this version does not know what ${question} is`)
  }
}

/** Tells systemd, if it wants to hear, whose end is the service's from now on: sd_notify(3). Without koffi nobody can. */
async function tellManager(line: string, warn: (message: string) => void): Promise<void> {
  const socket = process.env.NOTIFY_SOCKET
  if (socket === undefined) return
  try {
    const { notify } = await import('./os/notify.ts')
    const result = notify(socket, line)
    if (result < 0) warn(`systemd does not hear ${line} (errno ${-result})`)
  } catch (error) {
    warn(`systemd does not hear ${line} (${(error as Error).message})`)
  }
}
