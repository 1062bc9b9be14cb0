import { counted } from '../shared/format/count.ts'
import type { Settings } from '../shared/settings.ts'
import { Bans } from './access/bans.ts'
import { LateChanges } from './access/late-changes.ts'
import type { Engine, EngineOptions } from './engine/engine.ts'
import { BannedSources } from './engine/shared/banned-sources.ts'
import { KnownSources } from './engine/shared/known-sources.ts'
import { Nuisances } from './observe/nuisances.ts'
import { WallClock } from './observe/wall-clock.ts'
import { withoutRepeats } from './repeats.ts'
import type { Store } from './store/store.ts'

/** Milliseconds between two writes of where users logged in well from. */
const knownPeriod = 10 * 60_000

/** The bans, between who tells of clients and the loops that keep them out. */
export interface Banning {
  readonly bans: Bans
  /** What acts and is not stored yet. */
  waiting(): readonly string[]
  /** What the engine shares of it. */
  readonly memory: Pick<EngineOptions, 'banned' | 'known'>
  /** Has clients that do not speak SOCKS earn bans, too. */
  watch(engine: Engine): void
  tune(values: Readonly<Settings>): void
  /** Stores all that is not stored yet. Rejects with a StoreError. */
  store(): Promise<void>
}

/** With the bans that are stored, and the known sources, before the first client comes. What is to be closed in the end goes into `parts`, in order. */
export async function startBanning(
  values: Readonly<Settings>,
  store: Pick<Store, 'bans' | 'known'>,
  parts: AsyncDisposableStack,
  log: { warn(message: string): void; info(message: string): void },
): Promise<Banning> {
  const memory = { banned: BannedSources.memory(), known: KnownSources.memory() }
  const [banned, known] = [new BannedSources(memory.banned), new KnownSources(memory.known)]
  const stored = await store.known.load()
  // The clock on the wall may have been set meanwhile.
  const lost = stored ? known.restore(stored.entries, Math.max(0, Date.now() - stored.saved), performance.now()) : 0
  if (lost > 0) log.warn(lostKnown(lost))
  const warnOfKnown = withoutRepeats((message) => log.warn(message))
  const storeKnown = () => store.known.save({ saved: Date.now(), entries: known.entries(performance.now()) })
  const saveKnown = () =>
    storeKnown().catch((error) => warnOfKnown(`where users log in from is not stored: ${(error as Error).message}`))
  const timer = setInterval(saveKnown, knownPeriod).unref()
  parts.defer(() => {
    clearInterval(timer)
    return saveKnown()
  })
  const late = new LateChanges(withoutRepeats((message) => log.warn(message)))
  parts.defer(() => late.close())
  const wall = new WallClock()
  const options = {
    store: store.bans,
    late,
    most: BannedSources.most,
    isKnown: known.isKnown.bind(known),
    keepOut: banned.replace.bind(banned),
    tell: (line: string) => log.info(line),
    warn: (message: string) => log.warn(message),
    tellTime: wall.tellNow.bind(wall),
  }
  const bans = await Bans.load(options, values['ban-exempt'])
  parts.defer(() => bans.close())
  let patience = values['timeout-negotiation']
  return {
    bans,
    waiting: () => late.waiting,
    memory,
    async store() {
      await Promise.all([storeKnown(), bans.store()])
    },
    watch(engine) {
      const nuisances = new Nuisances(
        engine.tables,
        () => patience,
        (address, { kind, stayed }) =>
          kind === 'silent' ? bans.wasSilent(address, stayed) : bans.noted(address, kind),
      )
      parts.defer(() => nuisances.stop())
    },
    tune(next) {
      patience = next['timeout-negotiation']
      bans.exempt(next['ban-exempt'])
    },
  }
}

function lostKnown(lost: number): string {
  const what = `${counted(lost, 'source')} that users logged in from lately`
  return `what the store had of ${what} is damaged: they may be banned until users log in from there again`
}
